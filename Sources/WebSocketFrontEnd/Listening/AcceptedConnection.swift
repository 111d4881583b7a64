import NIOCore

/// The way of a new connection before HTTP: PROXY header, access rules, handshake.
enum AcceptedConnection {
    /// Sets up a connection that was just accepted.
    static func start(on channel: any Channel, listener: ListenerState) throws {
        let origin = ConnectionOrigin(
            address: channel.remoteAddress, handshakeDeadline: .now() + listener.configuration.handshakeTimeout)
        if listener.configuration.expectsProxyHeader {
            let resources = listener.eventLoops.resources(of: channel.eventLoop)
            let handler = ProxyProtocolHandler(listener: listener, resources: resources, origin: origin) {
                channel, origin in
                try proceed(on: channel, listener: listener, origin: origin)
            }
            try channel.pipeline.syncOperations.addHandler(handler)
        } else {
            _ = try proceed(on: channel, listener: listener, origin: origin)
        }
    }

    /// Goes on once the charge point's address is known.
    ///
    /// - Returns: False when the address may not connect; the channel is then closed.
    static func proceed(on channel: any Channel, listener: ListenerState, origin: ConnectionOrigin) throws -> Bool {
        // Without a PROXY header the acceptor has asked already.
        let isKnownNow = listener.configuration.expectsProxyHeader
        guard !isKnownNow || listener.configuration.accessRules.permits(origin.address) else {
            listener.limiter?.giveBack()
            if !origin.isProxyItself { listener.denied(origin.address, eventLoop: channel.eventLoop) }
            channel.close(promise: nil)
            return false
        }
        try HandshakeHandler.start(on: channel, listener: listener, origin: origin)
        return true
    }
}

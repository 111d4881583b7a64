import ClientEndpoints
import NIOCore

/// Where the charge points connect, and what each is.
package struct LoadTarget: Sendable {
    package var endpoint: CentralSystemEndpoint
    let address: SocketAddress
    package var prefix = "LOAD"
    package var subprotocol = "ocpp1.6"
    /// Source addresses 127.0.0.1 and on; 0 leaves the choice to the kernel.
    package var sources = 0
    /// Handshakes under way at a time.
    package var concurrency = 128
    package var openPerChargePoint = 1
    /// Of every CALL.
    package var action = "MeterValues"
    package var payload = MeterValuesPayload.json(bytes: 300)

    /// With `wss`.
    let tls: ClientTLS?

    /// - Parameter trust: in whom, with `wss`.
    package init(endpoint: CentralSystemEndpoint, trust: ClientTLS.Trust = .system, mostTLS12: Bool = false) throws {
        self.endpoint = endpoint
        address = try SocketAddress.makeAddressResolvingHost(endpoint.host, port: endpoint.port)
        tls = endpoint.usesTLS ? try ClientTLS(host: endpoint.host, trust: trust, mostTLS12: mostTLS12) : nil
    }

    /// Enough for what is expected back.
    var receiveBytes: Int { 4096 }

    func identity(_ index: Int) -> String {
        let digits = String(index + 1)
        return prefix + String(repeating: "0", count: max(0, 5 - digits.count)) + digits
    }

    func source(_ index: Int) -> SocketAddress? {
        guard sources > 0 else { return nil }
        let number = index % sources
        return try? SocketAddress(ipAddress: "127.0.\(number / 250).\(number % 250 + 1)", port: 0)
    }

    /// The handshake (RFC 6455, 4.1). The nonce need not be one here.
    func request(_ index: Int) -> ByteBuffer {
        let identity = identity(index)
        var lines = [
            "GET \(endpoint.path)/\(identity) HTTP/1.1",
            "Host: \(endpoint.authority)",
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Protocol: \(subprotocol)",
        ]
        if let authorization = endpoint.authorization(identity: identity) {
            lines.append("Authorization: \(authorization)")
        }
        return ByteBuffer(string: lines.joined(separator: "\r\n") + "\r\n\r\n")
    }
}

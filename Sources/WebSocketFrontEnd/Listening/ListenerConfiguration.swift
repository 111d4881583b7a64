import NIOCore

/// One `ws` or `wss` listener: where it listens and what it allows.
package struct ListenerConfiguration: Sendable, Equatable {
    /// The part after `ws:` in `listeners`; for `wss` the whole, so that names stay unique.
    package var name: String
    package var host: String
    /// 0 lets the system choose.
    package var port: Int
    /// Sockets that share the port by SO_REUSEPORT, each on its own event loop; nil: one per event loop.
    package var acceptors: Int?
    package var maxConnections = 1_024_000
    /// Connections accepted per second; the excess waits in the backlog.
    package var maxConnectionRate = 1000
    /// `/ocpp`: charge points connect to `/ocpp/<identity>`.
    package var path = "/ocpp"
    /// In the order of preference for a charge point that offers none.
    package var supportedSubprotocols: [String] = ["ocpp1.6", "ocpp2.0.1", "ocpp2.1"]
    package var failIfNoSubprotocol = false
    /// Longest message, all its fragments together, in bytes.
    package var maxFrameSize = 512 * 1024
    /// From accept to the end of the upgrade.
    package var handshakeTimeout: TimeAmount = .seconds(30)
    package var noDelay = true
    package var reuseAddress = true
    package var backlog = 1024
    /// Bytes read at once.
    package var receiveBuffer = 2048
    /// Messages of one connection handled in a row before others have their turn.
    package var framesPerRound = 100
    /// How long a peer may take nothing of what is written to it.
    package var sendTimeout: TimeAmount = .seconds(15)
    package var closesOnSendTimeout = true
    /// How long a peer may take to answer a close frame; nobody's setting.
    package var closeTimeout = TimeAmount.seconds(5)
    /// Nil: `ws`.
    package var tls: TLSOptions?
    /// Which name of the client certificate must be the identity.
    package var identityFromCertificate: CertificateIdentity = .none
    /// Every connection begins with a PROXY header, version 1 or 2.
    package var expectsProxyHeader = false
    /// From accept to the end of the PROXY header.
    package var proxyProtocolTimeout: TimeAmount = .seconds(3)
    /// By the TCP address, or the one in the PROXY header.
    package var accessRules: AccessRules = AccessRules()
    /// Nil: the header `Origin` is not looked at.
    package var origins: OriginRules?
    package var forwardedAddress: ForwardedAddress = ForwardedAddress()
    /// With whom permessage-deflate (RFC 7692) is agreed, of those that offer it.
    package var compression: CompressionPolicy = .inOCPP2

    package init(name: String = "default", host: String = "0.0.0.0", port: Int = 33033) {
        self.name = name
        self.host = host
        self.port = port
    }
}

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
    package var maxConnections: Int
    /// Connections accepted per second; the excess waits in the backlog.
    package var maxConnectionRate: Int
    /// `/ocpp`: charge points connect to `/ocpp/<identity>`.
    package var path: String
    /// In the order of preference for a charge point that offers none.
    package var supportedSubprotocols: [String]
    package var failIfNoSubprotocol: Bool
    /// Longest message, all its fragments together, in bytes.
    package var maxFrameSize: Int
    /// From accept to the end of the upgrade.
    package var handshakeTimeout: TimeAmount
    package var noDelay: Bool
    package var reuseAddress: Bool
    package var backlog: Int
    /// Bytes read at once.
    package var receiveBuffer: Int
    /// Messages of one connection handled in a row before others have their turn.
    package var framesPerRound: Int
    /// How long a peer may take nothing of what is written to it.
    package var sendTimeout: TimeAmount
    package var closesOnSendTimeout: Bool
    /// Nil: `ws`.
    package var tls: TLSOptions?
    /// Which name of the client certificate must be the identity.
    package var identityFromCertificate: CertificateIdentity
    /// Every connection begins with a PROXY header, version 1 or 2.
    package var expectsProxyHeader: Bool
    /// From accept to the end of the PROXY header.
    package var proxyProtocolTimeout: TimeAmount
    /// By the TCP address, or the one in the PROXY header.
    package var accessRules: AccessRules
    /// Nil: the header `Origin` is not looked at.
    package var origins: OriginRules?
    package var forwardedAddress: ForwardedAddress
    /// With whom permessage-deflate (RFC 7692) is agreed, of those that offer it.
    package var compression: CompressionPolicy

    package init(
        name: String = "default",
        host: String = "0.0.0.0",
        port: Int = 33033,
        acceptors: Int? = nil,
        maxConnections: Int = 1_024_000,
        maxConnectionRate: Int = 1000,
        path: String = "/ocpp",
        supportedSubprotocols: [String] = ["ocpp1.6", "ocpp2.0.1", "ocpp2.1"],
        failIfNoSubprotocol: Bool = false,
        maxFrameSize: Int = 512 * 1024,
        handshakeTimeout: TimeAmount = .seconds(30),
        noDelay: Bool = true,
        reuseAddress: Bool = true,
        backlog: Int = 1024,
        receiveBuffer: Int = 2048,
        framesPerRound: Int = 100,
        sendTimeout: TimeAmount = .seconds(15),
        closesOnSendTimeout: Bool = true,
        tls: TLSOptions? = nil,
        identityFromCertificate: CertificateIdentity = .none,
        expectsProxyHeader: Bool = false,
        proxyProtocolTimeout: TimeAmount = .seconds(3),
        accessRules: AccessRules = AccessRules(),
        origins: OriginRules? = nil,
        forwardedAddress: ForwardedAddress = ForwardedAddress(),
        compression: CompressionPolicy = .inOCPP2
    ) {
        self.name = name
        self.host = host
        self.port = port
        self.acceptors = acceptors
        self.maxConnections = maxConnections
        self.maxConnectionRate = maxConnectionRate
        self.path = path
        self.supportedSubprotocols = supportedSubprotocols
        self.failIfNoSubprotocol = failIfNoSubprotocol
        self.maxFrameSize = maxFrameSize
        self.handshakeTimeout = handshakeTimeout
        self.noDelay = noDelay
        self.reuseAddress = reuseAddress
        self.backlog = backlog
        self.receiveBuffer = receiveBuffer
        self.framesPerRound = framesPerRound
        self.sendTimeout = sendTimeout
        self.closesOnSendTimeout = closesOnSendTimeout
        self.tls = tls
        self.identityFromCertificate = identityFromCertificate
        self.expectsProxyHeader = expectsProxyHeader
        self.proxyProtocolTimeout = proxyProtocolTimeout
        self.accessRules = accessRules
        self.origins = origins
        self.forwardedAddress = forwardedAddress
        self.compression = compression
    }
}

import NIOCore

/// One `ws` or `wss` listener: where it listens and what it allows.
public struct ListenerConfiguration: Sendable, Equatable {
    /// The part after `ws:` in `listeners`; for `wss` the whole, so that names stay unique.
    public var name: String
    public var host: String
    /// 0 lets the system choose.
    public var port: Int
    /// Sockets that share the port by SO_REUSEPORT, each on its own event loop; nil: one per event loop.
    public var acceptors: Int?
    public var maxConnections: Int
    /// Connections accepted per second; the excess waits in the backlog.
    public var maxConnectionRate: Int
    /// `/ocpp`: charge points connect to `/ocpp/<identity>`.
    public var path: String
    /// In the order of preference for a charge point that offers none.
    public var supportedSubprotocols: [String]
    public var failIfNoSubprotocol: Bool
    /// Longest message, all its fragments together, in bytes.
    public var maxFrameSize: Int
    /// From accept to the end of the upgrade.
    public var handshakeTimeout: TimeAmount
    public var noDelay: Bool
    public var reuseAddress: Bool
    public var backlog: Int
    /// Bytes read at once.
    public var receiveBuffer: Int
    /// Messages of one connection handled in a row before others have their turn.
    public var framesPerRound: Int
    /// How long a peer may take nothing of what is written to it.
    public var sendTimeout: TimeAmount
    public var closesOnSendTimeout: Bool
    /// Nil: `ws`.
    public var tls: TLSOptions?
    /// Which name of the client certificate must be the identity.
    public var identityFromCertificate: CertificateIdentity
    /// Every connection begins with a PROXY header, version 1 or 2.
    public var expectsProxyHeader: Bool
    /// From accept to the end of the PROXY header.
    public var proxyProtocolTimeout: TimeAmount
    /// By the TCP address, or the one in the PROXY header.
    public var accessRules: AccessRules
    /// Nil: the header `Origin` is not looked at.
    public var origins: OriginRules?
    public var forwardedAddress: ForwardedAddress
    /// With whom permessage-deflate (RFC 7692) is agreed, of those that offer it.
    public var compression: CompressionPolicy

    public init(
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

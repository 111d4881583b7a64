import HummingbirdCore
import Logging
import NIOCore
import NIOHTTPTypes
import NIOSSL
import Synchronization

/// How a connection is set up: TLS where it is asked for, HTTP/1.1, and the bounds of ``ConnectionBoundsHandler``.
struct ManagementChannel: HTTPChannelHandler {
    typealias Value = HTTP1Channel.Value

    let responder: HTTPChannelHandler.Responder
    let limits: ManagementConfiguration.Limits
    /// Nil: HTTP. What is in it when a handshake begins is what the handshake has.
    let tls: TLSMaterialInUse?
    let places: ConnectionPlaces

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        guard let place = places.take(for: channel) else {
            return channel.close().flatMapThrowing { throw ChannelError.ioOnClosedChannel }
        }
        let limits = limits
        let places = places
        let isSurplus = place == .surplus
        var decoder = HTTP1Channel.Configuration.DecoderConfiguration()
        decoder.maxHeaderFieldSize = limits.headers
        decoder.maxHeaderListSize = limits.headers
        let http = HTTP1Channel(
            responder: responder,
            configuration: HTTP1Channel.Configuration(
                additionalChannelHandlers: [
                    ConnectionBoundsHandler(limits: limits, places: places, isSurplus: isSurplus)
                ],
                httpDecoderConfiguration: decoder))
        guard let tls else { return http.setup(channel: channel, logger: logger) }
        return channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls.context))
        }.flatMap { http.setup(channel: channel, logger: logger) }
    }

    func handle(value: Value, logger: Logger) async {
        await handleHTTP(asyncChannel: value, logger: logger)
    }
}

/// The certificate and key that handshakes have; read again on SIGHUP.
final class TLSMaterialInUse: Sendable {
    private let files: ManagementConfiguration.TLSFiles
    private let current: Mutex<NIOSSLContext>

    init(_ files: ManagementConfiguration.TLSFiles) throws {
        self.files = files
        current = Mutex(try Self.read(files))
    }

    var context: NIOSSLContext { current.withLock { $0 } }

    /// What cannot be read changes nothing.
    func reload() throws {
        let fresh = try Self.read(files)
        current.withLock { $0 = fresh }
    }

    private static func read(_ files: ManagementConfiguration.TLSFiles) throws -> NIOSSLContext {
        let chain = try NIOSSLCertificate.fromPEMFile(files.certificates).map {
            NIOSSLCertificateSource.certificate($0)
        }
        let key = try NIOSSLPrivateKey(file: files.privateKey, format: .pem)
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain, privateKey: .privateKey(key))
        configuration.minimumTLSVersion = .tlsv12
        configuration.applicationProtocols = ["http/1.1"]
        return try NIOSSLContext(configuration: configuration)
    }
}

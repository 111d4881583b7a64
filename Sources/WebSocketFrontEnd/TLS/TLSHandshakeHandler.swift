import NIOCore
import NIOSSL
import NIOTLS
import X509

/// Stands behind the TLS handler until the TLS handshake is over: bounds its time, judges the client's certificate,
/// and says why a handshake failed.
final class TLSHandshakeHandler: ChannelInboundHandler, RemovableChannelHandler, DeadlineWaiter {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let listener: ListenerState
    private let origin: ConnectionOrigin
    private let resources: EventLoopResources
    private let verifier: ClientCertificateVerifier?
    /// In front of the TLS handler.
    private let gate = FirstBytesGate(isBeforeHTTP: false)
    private weak var tls: NIOSSLServerHandler?
    private var context: ChannelHandlerContext?
    var deadlinePlace: DeadlinePlace?
    private var isOver = false
    /// Under way on `CertificateThreads`.
    private var verification: Task<Void, Never>?
    private var verdict: ClientCertificateVerifier.Verdict?

    /// Adds TLS to a connection that was just accepted; what comes behind sees plain bytes.
    static func start(
        on channel: any Channel, tls: ListenerTLS, listener: ListenerState, origin: ConnectionOrigin
    ) throws {
        guard let material = tls.material else { throw ChannelError.inappropriateOperationForState }
        let handler = TLSHandshakeHandler(
            listener: listener, resources: listener.eventLoops.resources(of: channel.eventLoop), origin: origin,
            verifier: material.verifier)
        let ssl: NIOSSLServerHandler
        if material.verifier == nil {
            ssl = NIOSSLServerHandler(context: material.context)
        } else {
            ssl = NIOSSLServerHandler(context: material.context) { certificates, promise in
                handler.verify(certificates, promise)
            }
        }
        handler.tls = ssl
        try channel.pipeline.syncOperations.addHandlers([handler.gate, ssl, handler])
    }

    private init(
        listener: ListenerState, resources: EventLoopResources, origin: ConnectionOrigin,
        verifier: ClientCertificateVerifier?
    ) {
        self.listener = listener
        self.resources = resources
        self.origin = origin
        self.verifier = verifier
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        let time = listener.configuration.tls?.handshakeTimeout ?? .seconds(0)
        resources.deadlines.set(min(.now() + time, origin.handshakeDeadline), for: self)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        resources.deadlines.remove(self)
        verification?.cancel()
    }

    /// Off the event loop: it takes a few signatures' time.
    private func verify(_ certificates: [NIOSSLCertificate], _ promise: EventLoopPromise<NIOSSLVerificationResult>) {
        guard let verifier, let eventLoop = context?.eventLoop,
            let shown = try? certificates.prefix(verifier.mostCertificates).map({ try $0.toDERBytes() })
        else {
            promise.succeed(.failed)
            return
        }
        // What the client sends meanwhile would pile up.
        setReading(false)
        let verdict = eventLoop.makePromise(of: ClientCertificateVerifier.Verdict.self)
        verdict.futureResult.assumeIsolated().whenSuccess { verdict in
            self.verification = nil
            self.setReading(true)
            self.verdict = verdict
            if case .accepted = verdict {
                promise.succeed(.certificateVerified)
            } else {
                promise.succeed(.failed)
            }
        }
        verification = CertificateThreads.shared.run(
            { await verifier.verify(shown, isWanted: { !Task.isCancelled }) }, then: verdict.succeed)
        if verification == nil {
            verdict.succeed(.refused("too many client certificates wait to be verified"))
        }
    }

    private func setReading(_ reads: Bool) {
        try? context?.channel.syncOptions?.setOption(.autoRead, value: reads)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard case .handshakeCompleted? = event as? TLSUserEvent, !isOver else {
            context.fireUserInboundEventTriggered(event)
            return
        }
        isOver = true
        checkResumed()
        switch verdict {
        case .accepted(let certificate):
            context.fireUserInboundEventTriggered(certificate)
        case .refused(let reason):
            report(reason)
            context.close(promise: nil)
            return
        case nil:
            break
        }
        verdict = nil
        context.pipeline.syncOperations.removeHandler(gate, promise: nil)
        context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
    }

    /// A resumed TLS session brings its certificate along unchecked.
    private func checkResumed() {
        guard let verifier, verdict == nil, let shown = tls?.peerCertificate else { return }
        if let der = try? shown.toDERBytes(), let certificate = try? Certificate(derEncoded: der) {
            verdict = verifier.verifyAgain(certificate, der: der)
        } else {
            verdict = .refused("a client certificate that cannot be read")
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard !isOver else {
            context.fireErrorCaught(error)
            return
        }
        isOver = true
        // Port probes and load balancers connect and go.
        guard gate.sawBytes else { return }
        if case .refused(let reason) = verdict {
            report("TLS handshake failed: \(reason)")
        } else if TLSFailure.isTLS(error) {
            report(TLSFailure.reason(error))
        } else {
            report("TLS handshake failed: connection lost")
        }
    }

    func deadlineReached(now: NIODeadline) {
        guard !isOver, let context else { return }
        isOver = true
        report("TLS handshake time-out")
        // Past the TLS handler, which would wait for the peer to say goodbye.
        if let front = try? context.pipeline.syncOperations.context(handler: gate) {
            front.close(promise: nil)
        } else {
            context.close(promise: nil)
        }
    }

    private func report(_ reason: String) {
        listener.refused(
            HandshakeRefusal(listener: listener.id, peer: origin.peer, identity: nil, status: nil, reason: reason),
            as: .tls)
    }
}

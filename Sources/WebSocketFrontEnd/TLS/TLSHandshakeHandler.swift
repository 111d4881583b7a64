import NIOCore
import NIOTLS
import TLSSessions
import X509

/// Stands behind the TLS handler until the TLS handshake is over: bounds its time, judges the client's certificate,
/// and says why a handshake failed.
final class TLSHandshakeHandler: ChannelInboundHandler, RemovableChannelHandler, DeadlineWaiter,
    TLSServerHandler.Judge
{
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let listener: ListenerState
    private let origin: ConnectionOrigin
    private let resources: EventLoopResources
    private let verifier: ClientCertificateVerifier?
    /// In front of the TLS handler.
    private let gate = FirstBytesGate(isBeforeHTTP: false)
    private weak var tls: TLSServerHandler?
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
        let resources = listener.eventLoops.resources(of: channel.eventLoop)
        let handler = TLSHandshakeHandler(
            listener: listener, resources: resources, origin: origin, verifier: material.verifier)
        let tls = TLSServerHandler(material.context, resources: resources, judge: handler)
        handler.tls = tls
        try channel.pipeline.syncOperations.addHandlers([handler.gate, tls, handler])
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

    var mostCertificates: Int { verifier?.mostCertificates ?? 0 }

    /// Off the event loop: it takes a few signatures' time.
    func judge(_ shown: [[UInt8]]) {
        guard let verifier, let eventLoop = context?.eventLoop else {
            tls?.decided(isAccepted: false)
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
                self.tls?.decided(isAccepted: true)
            } else {
                self.tls?.decided(isAccepted: false)
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
        guard let verifier, verdict == nil, let der = tls?.clientCertificate else { return }
        if let certificate = try? Certificate(derEncoded: der) {
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

import Glibc
import NIOCore
import NIOPosix
import OutsideNames
import Synchronization
import TestSupport
import Testing

@testable import BrokerLink

/// A name server that answers when it is told to.
private final class HeldNameServer: Sendable {
    private let asked = Mutex<[String]>([])
    private let gate = ConditionGate()

    var questions: [String] { asked.withLock { $0 } }

    func ask(_ host: String) -> HostResolver.Answer {
        asked.withLock { $0.append(host) }
        gate.wait()
        return host.hasSuffix(".invalid") ? .failed(reason: "no such name") : .addresses(["127.0.0.1"])
    }

    func answer() { gate.open() }
}

/// Holds threads until it is opened, for good.
private final class ConditionGate: Sendable {
    private let isOpen = Atomic(false)

    func wait() {
        while !isOpen.load(ordering: .acquiring) { usleep(1000) }
    }

    func open() { isOpen.store(true, ordering: .releasing) }
}

@Suite(.timeLimit(.minutes(2)))
struct HostResolverTests {
    private func withLink(
        _ configuration: BrokerLinkConfiguration, _ server: HeldNameServer,
        _ body: (BrokerLink, LogRecorder) async throws -> Void
    ) async throws {
        let log = LogRecorder()
        let link = BrokerLink(
            configuration: configuration, observer: RecordingObserver(), logger: log.logger,
            resolver: HostResolver(lookUp: server.ask))
        link.start()
        do { try await body(link, log) } catch { Issue.record(error) }
        _ = await link.stop(deadline: .now() + .seconds(5))
        server.answer()
    }

    private func configuration(host: String, port: Int) -> BrokerLinkConfiguration {
        var configuration = testConfiguration(port: port)
        configuration.addresses[0].host = host
        configuration.sessions = .perChargePoint
        return configuration
    }

    @Test func `An address is not asked for`() {
        let resolver = HostResolver { _ in .failed(reason: "asked") }
        for address in ["127.0.0.1", "::1"] {
            #expect(resolver.resolve(address, for: 0) { _ in } == .addresses([address]))
        }
    }

    @Test func `A name is asked for once however many want it and its answer is kept`() async throws {
        let server = HeldNameServer()
        let resolver = HostResolver(keepTime: .hours(1), lookUp: server.ask)
        let answers = Mutex<[HostResolver.Answer]>([])
        for asker in 0..<3 {
            let answer = resolver.resolve("broker.test", for: asker) { answer in answers.withLock { $0.append(answer) }
            }
            #expect(answer == nil)
        }
        server.answer()
        #expect(await eventually { answers.withLock { $0.count } == 3 })
        #expect(server.questions == ["broker.test"])
        #expect(resolver.resolve("broker.test", for: 0) { _ in } == .addresses(["127.0.0.1"]))
    }

    @Test func `Threads are few however many names there are`() async throws {
        let server = HeldNameServer()
        let resolver = HostResolver(lookUp: server.ask)
        for number in 0..<20 { _ = resolver.resolve("host-\(number).test", for: 0) { _ in } }
        #expect(await eventually { server.questions.count == 4 })
        server.answer()
        #expect(await eventually { server.questions.count == 20 })
    }

    @Test func `The thread works while the name server does not answer`() async throws {
        let broker = try await TestBroker.started()
        let server = HeldNameServer()
        try await withLink(configuration(host: "broker.test", port: broker.port), server) { link, _ in
            #expect(await eventually { server.questions == ["broker.test"] })
            // Somebody else is answered at once.
            let gone = MultiThreadedEventLoopGroup.singleton.next().makeSucceededVoidFuture()
            let answer = try await link.logIn(
                BrokerLogin(clientID: "CP1"), forTopic: "cs/CP1", on: gone.eventLoop, unless: gone
            ).get()
            guard case .unavailable(reason: "the charge point has gone") = answer else {
                Issue.record("\(answer)")
                return
            }
            server.answer()
            #expect(await eventually { link.isUp })
            // Those of charge points ask nobody.
            for number in 0..<20 {
                let answer = try await link.logIn(
                    BrokerLogin(clientID: "CP\(number)"), forTopic: "cs/CP\(number)", on: gone.eventLoop
                ).get()
                guard case .accepted = answer else {
                    Issue.record("\(answer)")
                    continue
                }
            }
            #expect(server.questions == ["broker.test"])
        }
    }

    @Test func `A name server that is silent is not waited for where there is another address`() async throws {
        let broker = try await TestBroker.started()
        let server = HeldNameServer()
        var configuration = configuration(host: "broker.test", port: broker.port)
        configuration.keepAlive = .seconds(1)
        configuration.addresses.append(.init(host: "127.0.0.1", port: broker.port))
        try await withLink(configuration, server) { link, log in
            #expect(await eventually { link.isUp })
            #expect(log.contains("reason=host name not found: the name server does not answer in time"))
        }
    }

    /// The name counts, not the address that it stands for: both for the certificate and for what the broker is told.
    @Test(arguments: ["localhost", "broker.test"])
    func `The brokers certificate must be for its name`(host: String) async throws {
        let broker = try await tlsBroker()
        let server = HeldNameServer()
        server.answer()
        var configuration = configuration(host: host, port: broker.port)
        configuration.addresses[0].usesTLS = true
        configuration.tls.caFile = broker.folder.appendingPathComponent("ca.pem").path
        try await withLink(configuration, server) { link, log in
            if host == "localhost" {
                #expect(await eventually { link.isUp })
            } else {
                let text = "host name verification failed: the certificate is not for broker.test"
                #expect(await eventually { log.contains(text) })
                #expect(log.contains("error the broker's certificate is not accepted"))
                #expect(!link.isUp)
            }
        }
    }

    @Test func `The broker is told its name in the TLS handshake`() async throws {
        let hello = Mutex<[UInt8]>([])
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.pipeline.addHandler(Collector { bytes in hello.withLock { $0 += bytes } })
            }
            .bind(host: "127.0.0.1", port: try freePort()).get()
        let server = HeldNameServer()
        server.answer()
        var configuration = configuration(host: "broker.test", port: listener.localAddress?.port ?? 0)
        configuration.addresses[0].usesTLS = true
        try await withLink(configuration, server) { _, _ in
            #expect(await eventually { hello.withLock { String(decoding: $0, as: UTF8.self).contains("broker.test") } })
        }
        try await listener.close()
    }
}

private final class Collector: ChannelInboundHandler, Sendable {
    typealias InboundIn = ByteBuffer
    private let take: @Sendable ([UInt8]) -> Void

    init(_ take: @escaping @Sendable ([UInt8]) -> Void) {
        self.take = take
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        take(Array(unwrapInboundIn(data).readableBytesView))
    }
}

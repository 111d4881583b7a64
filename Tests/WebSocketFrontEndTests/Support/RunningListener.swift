import Logging
import MemoryBudget
import NIOCore
import NIOPosix
import NIOSSL
import TestSupport

@testable import WebSocketFrontEnd

/// A listener on a free loopback port for the length of a test.
struct RunningListener {
    let listener: WebSocketListener
    let admission: StubAdmission
    let address: SocketAddress

    static func configuration(
        host: String = "127.0.0.1",
        _ change: (inout ListenerConfiguration) -> Void = { _ in }
    ) -> ListenerConfiguration {
        var configuration = ListenerConfiguration(host: host, port: 0)
        change(&configuration)
        return configuration
    }

    static func run<Result>(
        _ configuration: ListenerConfiguration = configuration(),
        admission: StubAdmission = StubAdmission(),
        memory: MemoryBudget = MemoryBudget(limit: .max),
        _ body: (RunningListener) async throws -> Result
    ) async throws -> Result {
        var configuration = configuration
        // A client that is left over from another test must not find this listener at the port of its own.
        if configuration.port == 0 { configuration.port = try freePort() }
        let listener = WebSocketListener(
            configuration: configuration,
            group: .singletonMultiThreadedEventLoopGroup,
            admission: admission,
            memory: memory,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        let address = try await listener.start()
        do {
            let result = try await body(
                RunningListener(listener: listener, admission: admission, address: address)
            )
            await listener.stopAccepting()
            return result
        } catch {
            await listener.stopAccepting()
            throw error
        }
    }

    func client(tls: NIOSSLContext? = nil) async throws -> RawClient {
        try await RawClient.connect(to: address, tls: tls)
    }

    /// Sends a request and reads the answer.
    func exchange(
        _ request: String, hasBody: Bool = true, tls: NIOSSLContext? = nil
    ) async throws -> (RawClient.Response, RawClient) {
        let client = try await self.client(tls: tls)
        try await client.send(request)
        return (try await client.response(hasBody: hasBody), client)
    }

    /// A connection after the upgrade, both ends of it.
    func connected(tls: NIOSSLContext? = nil) async throws -> (RawClient, StubSession) {
        let (_, client) = try await exchange(RawClient.handshake(), tls: tls)
        return (client, try await admission.sessions.next())
    }
}

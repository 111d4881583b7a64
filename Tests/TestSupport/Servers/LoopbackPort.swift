import NIOCore
import NIOPosix
import Synchronization

/// A TCP port of 127.0.0.1 on which nobody listens just now, and that this process gives to nobody else.
///
/// It lies below those that the system gives to outgoing connections (32768 and up): one of them could take the
/// port of a server that is being restarted, and even connect to itself.
package func freePort() async throws -> Int {
    for _ in 1...100 {
        let port = Int.random(in: 10_000..<32_000)
        guard givenPorts.withLock({ $0.insert(port).inserted }) else {
            continue
        }
        let server = try? await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .bind(host: "127.0.0.1", port: port)
            .get()
        if let server {
            try await server.close()
            return port
        }
    }
    throw Failure("no free port was found")
}

private let givenPorts = Mutex<Set<Int>>([])

/// Whether somebody listens on a port of 127.0.0.1.
package func accepts(port: Int) async -> Bool {
    let channel = try? await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        .connect(host: "127.0.0.1", port: port)
        .get()
    try? await channel?.close()
    return channel != nil
}

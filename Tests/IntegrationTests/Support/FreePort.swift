import Glibc
import NIOCore
import NIOPosix

/// A TCP port of 127.0.0.1 on which nobody listens just now.
func freePort() async throws -> Int {
    let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
        .bind(host: "127.0.0.1", port: 0)
        .get()
    let port = server.localAddress?.port
    try await server.close()
    guard let port else {
        throw Failure("the system gave no port")
    }
    return port
}

/// Lets this process, and so its children, hold as many descriptors as the system allows; done once.
let raisedDescriptorLimit: UInt64 = {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else {
        return 0
    }
    limit.rlim_cur = limit.rlim_max
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    return UInt64(limit.rlim_cur)
}()

/// Whether somebody listens on a port of 127.0.0.1.
func accepts(port: Int) async -> Bool {
    let channel = try? await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        .connect(host: "127.0.0.1", port: port)
        .get()
    try? await channel?.close()
    return channel != nil
}

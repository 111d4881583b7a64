import Glibc
import NIOCore
import NIOPosix
import Synchronization

/// A TCP port of 127.0.0.1 on which nobody listens just now, and that this process gives to nobody else.
///
/// It lies below those that the system gives to outgoing connections (32768 and up): one of them could take the
/// port of a server that is being restarted, and even connect to itself.
package func freePort() throws -> Int {
    for _ in 1...100 {
        let port = Int.random(in: 10_000..<32_000)
        guard givenPorts.withLock({ $0.insert(port).inserted }) else {
            continue
        }
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = INADDR_LOOPBACK.bigEndian
        let isFree = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        if isFree { return port }
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

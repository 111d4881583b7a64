import Foundation
import Testing

@testable import Gateway

@Suite struct ServiceManagerTests {
    /// A datagram socket as systemd has one.
    private final class Listener {
        let path: String
        private let descriptor: Int32

        init() throws {
            path = FileManager.default.temporaryDirectory.appending(path: "n-\(UUID().uuidString.prefix(8))").path()
            descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
            let status = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
                }
            }
            try #require(status == 0)
        }

        func next() -> String {
            var buffer = [UInt8](repeating: 0, count: 1024)
            let count = recv(descriptor, &buffer, buffer.count, 0)
            return String(decoding: buffer.prefix(max(count, 0)), as: UTF8.self)
        }

        deinit {
            close(descriptor)
            unlink(path)
        }
    }

    @Test func `The service manager is told what it asks for`() throws {
        let listener = try Listener()
        let manager = try #require(
            ServiceManager(environment: ["NOTIFY_SOCKET": listener.path, "WATCHDOG_USEC": "30000000"]))
        #expect(manager.signInterval == .seconds(15))
        manager.tell(.ready)
        #expect(listener.next() == "READY=1")
        manager.tell(.alive)
        #expect(listener.next() == "WATCHDOG=1")
        manager.tell(.status("3 sessions\nREADY=1"))
        #expect(listener.next() == "STATUS=3 sessions READY=1")
        manager.tell(.reloading(monotonicMicroseconds: 5))
        #expect(listener.next() == "RELOADING=1\nMONOTONIC_USEC=5")
        manager.tell(.stopping)
        #expect(listener.next() == "STOPPING=1")
    }

    @Test func `Without a socket, or with one that is none, nobody is told`() {
        for address in [nil, "", "/", "relative", "/" + String(repeating: "a", count: 200)] {
            #expect(ServiceManager(environment: address.map { ["NOTIFY_SOCKET": $0] } ?? [:]) == nil)
        }
    }

    @Test func `A watchdog of another process, or without a time, is not ours`() throws {
        for odd in [
            ["WATCHDOG_USEC": "1000000", "WATCHDOG_PID": "1"], ["WATCHDOG_USEC": "0"], ["WATCHDOG_USEC": "soon"], [:],
        ] {
            let manager = try #require(
                ServiceManager(environment: odd.merging(["NOTIFY_SOCKET": "@x"]) { $1 }, processID: 7))
            #expect(manager.signInterval == nil)
        }
    }
}

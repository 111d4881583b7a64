import NIOCore
import NIOPosix
import Synchronization
import TestSupport

/// Many TCP connections that do not behave. They are ours to open and the gateway's to close.
final class HostilePeers: Sendable {
    /// What each connection does, on its event loop, from its start until it is closed.
    typealias Behaviour = @Sendable (any Channel) -> Void

    private let channels: [any Channel]

    private init(channels: [any Channel]) {
        self.channels = channels
    }

    /// - Parameter autoRead: Off: they never read.
    static func connect(
        _ count: Int, port: Int, autoRead: Bool = true, _ behaviour: @escaping Behaviour = { _ in }
    ) async throws -> HostilePeers {
        let channels = try await withThrowingTaskGroup(of: (any Channel).self) { group in
            var channels: [any Channel] = []
            for number in 0..<count {
                if number >= 64, let channel = try await group.next() {
                    channels.append(channel)
                }
                group.addTask { try await open(port: port, autoRead: autoRead) }
            }
            for try await channel in group {
                channels.append(channel)
            }
            return channels
        }
        for channel in channels {
            channel.eventLoop.execute { behaviour(channel) }
        }
        return HostilePeers(channels: channels)
    }

    private static func open(port: Int, autoRead: Bool) async throws -> any Channel {
        try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.autoRead, value: autoRead)
            .channelOption(.socketOption(.so_rcvbuf), value: 4096)
            .connectTimeout(.minutes(2))
            .connect(host: "127.0.0.1", port: port)
            .get()
    }

    var openCount: Int { channels.count { $0.isActive } }

    /// Waits until the gateway has closed each of them.
    func closedByGateway(within limit: Duration = .seconds(120)) async throws {
        do {
            try await eventually("the close of all", within: limit) { openCount == 0 }
        } catch {
            let left = openCount
            await closeAll()
            throw Failure("\(left) of \(channels.count) connections were not closed by the gateway")
        }
    }

    func closeAll() async {
        for channel in channels {
            try? await channel.close()
        }
    }

    /// Writes the bytes one by one.
    static func trickle(_ text: String, every interval: TimeAmount) -> Behaviour {
        { channel in
            let bytes = Array(text.utf8)
            let next = Mutex(0)
            channel.eventLoop.scheduleRepeatedTask(initialDelay: .zero, delay: interval) { task in
                let index = next.withLock { index in
                    defer { index += 1 }
                    return index
                }
                guard channel.isActive, index < bytes.count else {
                    task.cancel()
                    return
                }
                channel.writeAndFlush(ByteBuffer(bytes: [bytes[index]]), promise: nil)
            }
        }
    }

    /// Writes a beginning, and then the same for as long as it is taken.
    static func flood(_ beginning: String, then rest: [UInt8], piece: Int = 16 * 1024) -> Behaviour {
        { channel in
            var repeated = ByteBuffer()
            while repeated.readableBytes < piece { repeated.writeBytes(rest) }
            let bytes = repeated
            @Sendable func write() {
                guard channel.isActive else { return }
                channel.writeAndFlush(bytes).whenSuccess { channel.eventLoop.execute { write() } }
            }
            channel.writeAndFlush(ByteBuffer(string: beginning)).whenSuccess { write() }
        }
    }
}

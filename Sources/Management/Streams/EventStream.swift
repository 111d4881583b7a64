import Hummingbird
import NIOCore

/// The body of a `text/event-stream` answer (HTML Living Standard, 9.2): events as they come, a comment each 15 s so
/// that nobody on the way takes the connection for dead, and an end when the reader is too slow.
struct EventStream: Sendable {
    /// Events that a reader may be behind.
    static let limit = 256
    static let pingInterval = TimeAmount.seconds(15)

    struct Event: Sendable {
        var name: String
        /// In one line.
        var content: JSON
    }

    private enum Item: Sendable {
        case event(Event)
        case ping
    }

    private let feed = BoundedFeed<Item>(limit: EventStream.limit)
    private let permit: Permit
    private let eventLoop: any EventLoop

    /// - Parameters:
    ///   - permit: One of the 16.
    ///   - channel: Its end is the stream's.
    init(permit: Permit, channel: any Channel) {
        self.permit = permit
        eventLoop = channel.eventLoop
        channel.closeFuture.whenComplete { [feed] _ in feed.end() }
    }

    /// From any thread; never waits.
    func send(_ event: Event) {
        feed.offer(.event(event))
    }

    func end() {
        feed.end()
    }

    /// Writes until the stream ends. `watch` ends with it.
    func run(_ watch: Watch, into writer: inout any ResponseBodyWriter) async throws {
        let ping = eventLoop.scheduleRepeatedTask(initialDelay: Self.pingInterval, delay: Self.pingInterval) {
            [feed] _ in feed.offerIfEmpty(.ping)
        }
        defer {
            ping.cancel()
            withExtendedLifetime((watch, permit)) {}
        }
        // The head goes out with the first piece, and the reader wants to know that it is connected.
        try await writer.write(ByteBuffer(string: ": connected\n\n"))
        while true {
            switch await feed.next() {
            case .ended: return
            case .overflow:
                try await writer.write(ByteBuffer(string: "event: overflow\ndata: {}\n\n"))
                return
            case .elements(let items):
                var bytes = ByteBuffer()
                for item in items { Self.write(item, to: &bytes) }
                try await writer.write(bytes)
            }
        }
    }

    private static func write(_ item: Item, to bytes: inout ByteBuffer) {
        switch item {
        case .ping: bytes.writeStaticString(": ping\n\n")
        case .event(let event):
            bytes.writeString("event: \(event.name)\ndata: ")
            var writer = JSONWriter()
            writer.value(event.content)
            // In strings line breaks are escaped; what lies between may have been written by others.
            bytes.writeBytes(writer.bytes.readableBytesView.map { $0 == 0x0A || $0 == 0x0D ? 0x20 : $0 })
            bytes.writeStaticString("\n\n")
        }
    }
}

import CMosquitto
import Glibc
import NIOCore

/// An epoll instance, and the events of one wait.
final class BrokerPoll {
    struct Interest: OptionSet {
        let rawValue: UInt32
        static let read = Interest(rawValue: EPOLLIN.rawValue | EPOLLRDHUP.rawValue)
        static let write = Interest(rawValue: EPOLLOUT.rawValue)
        static let both: Self = [.read, .write]
    }

    struct Event {
        var descriptor: Int32
        var isReadable: Bool
        var isWritable: Bool
        /// The other side has closed, or the socket has an error.
        var isHangUp: Bool
    }

    private let descriptor: Int32
    private var buffer = [epoll_event](repeating: epoll_event(), count: 128)

    init?() {
        descriptor = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard descriptor >= 0 else { return nil }
    }

    deinit {
        close(descriptor)
    }

    /// Adds a descriptor just opened. (One that was closed has left epoll by itself, and its number comes again.)
    func add(_ descriptor: Int32, _ interest: Interest) {
        control(EPOLL_CTL_ADD, descriptor, interest)
    }

    func change(_ descriptor: Int32, to interest: Interest) {
        control(EPOLL_CTL_MOD, descriptor, interest)
    }

    func remove(_ descriptor: Int32) {
        control(EPOLL_CTL_DEL, descriptor, [])
    }

    private func control(_ operation: Int32, _ descriptor: Int32, _ interest: Interest) {
        var event = epoll_event()
        event.events = interest.rawValue
        event.data.fd = descriptor
        epoll_ctl(self.descriptor, operation, descriptor, &event)
    }

    /// Whole milliseconds, rounded up: waking just before the deadline would spin.
    private static func milliseconds(until deadline: NIODeadline) -> Int32 {
        // No sum with `distantFuture`.
        let left = min(deadline, .now() + .hours(1)) - .now()
        return left <= .zero ? 0 : Int32(clamping: (left.nanoseconds + 999_999) / 1_000_000)
    }

    /// Waits for this descriptor alone to be readable; false: the time is over.
    func waitOnly(for descriptor: Int32, until deadline: NIODeadline) -> Bool {
        var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return Glibc.poll(&request, 1, Self.milliseconds(until: deadline)) > 0
    }

    /// Waits at most until `deadline`.
    func wait(until deadline: NIODeadline, _ body: (Event) -> Void) {
        let count = epoll_wait(descriptor, &buffer, Int32(buffer.count), Self.milliseconds(until: deadline))
        guard count > 0 else { return }
        for index in 0..<Int(count) {
            let events = buffer[index].events
            let hangUp = EPOLLERR.rawValue | EPOLLHUP.rawValue | EPOLLRDHUP.rawValue
            body(
                Event(
                    descriptor: buffer[index].data.fd,
                    isReadable: events & EPOLLIN.rawValue != 0,
                    isWritable: events & EPOLLOUT.rawValue != 0,
                    isHangUp: events & hangUp != 0))
        }
    }
}

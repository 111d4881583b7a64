import NIOCore
import Synchronization

/// The event loops of the front end, with what the connections of each share: one of these for all listeners.
package final class EventLoopTable: Sendable {
    private let resources = Mutex<[ObjectIdentifier: NIOLoopBound<EventLoopResources>]>([:])

    package init() {}

    /// Called on the event loop.
    func resources(of eventLoop: any EventLoop) -> EventLoopResources {
        self.resources.withLock { resources in
            if let known = resources[ObjectIdentifier(eventLoop)] { return known }
            let new = NIOLoopBound(EventLoopResources(eventLoop: eventLoop), eventLoop: eventLoop)
            resources[ObjectIdentifier(eventLoop)] = new
            return new
        }.value
    }

    /// May be called anywhere.
    func receiveBuffer(capacity: Int, of eventLoop: any EventLoop) async throws -> SharedReceiveBuffer {
        try await eventLoop.submit {
            self.resources(of: eventLoop).receiveBuffer(capacity: capacity, eventLoop: eventLoop)
        }.get()
    }
}

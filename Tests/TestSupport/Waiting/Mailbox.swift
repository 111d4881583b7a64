import NIOCore
import NIOPosix
import Synchronization

/// Things that arrive from outside, kept in their order and awaited by condition, with a deadline.
package final class Mailbox<Element: Sendable>: Sendable {
    private struct Waiter {
        let takes: Bool
        let isWanted: @Sendable (Element) -> Bool
        let continuation: CheckedContinuation<Element?, Never>
    }

    private enum Entry {
        case waits(Int)
        case served(Element?)
    }

    private struct State {
        var elements: [Element] = []
        var waiters: [Int: Waiter] = [:]
        var nextWaiter = 0
        var isFinished = false
    }

    private let name: String
    private let state = Mutex(State())

    package init(_ name: String) {
        self.name = name
    }

    /// All that came and was not taken.
    package var all: [Element] {
        state.withLock { $0.elements }
    }

    /// All that came, which is gone from here afterwards.
    package func takeAll() -> [Element] {
        state.withLock { state in
            defer { state.elements = [] }
            return state.elements
        }
    }

    package func append(_ element: Element) {
        let woken: [CheckedContinuation<Element?, Never>] = state.withLock { state in
            var woken: [CheckedContinuation<Element?, Never>] = []
            var isTaken = false
            for id in state.waiters.keys.sorted() {
                guard let waiter = state.waiters[id], waiter.isWanted(element), !(isTaken && waiter.takes) else {
                    continue
                }
                state.waiters[id] = nil
                woken.append(waiter.continuation)
                isTaken = isTaken || waiter.takes
            }
            if !isTaken {
                state.elements.append(element)
            }
            return woken
        }
        for continuation in woken {
            continuation.resume(returning: element)
        }
    }

    /// Nothing more comes: whoever waits fails at once.
    package func finish() {
        let waiters = state.withLock { state in
            state.isFinished = true
            defer { state.waiters = [:] }
            return Array(state.waiters.values)
        }
        for waiter in waiters {
            waiter.continuation.resume(returning: nil)
        }
    }

    /// The first that fits, come already or still to come; it stays.
    package func first(
        _ what: String, within limit: TimeAmount = .seconds(60),
        where isWanted: @escaping @Sendable (Element) -> Bool = { _ in true }
    ) async throws -> Element {
        try await wait(what, limit, takes: false, isWanted)
    }

    /// The first that fits, come already or still to come; it is gone from here afterwards.
    package func take(
        _ what: String, within limit: TimeAmount = .seconds(60),
        where isWanted: @escaping @Sendable (Element) -> Bool = { _ in true }
    ) async throws -> Element {
        try await wait(what, limit, takes: true, isWanted)
    }

    private func wait(
        _ what: String, _ limit: TimeAmount, takes: Bool, _ isWanted: @escaping @Sendable (Element) -> Bool
    ) async throws -> Element {
        let timer = Mutex<Scheduled<Void>?>(nil)
        let found: Element? = await withCheckedContinuation { continuation in
            let waiter = Waiter(takes: takes, isWanted: isWanted, continuation: continuation)
            if let id = enter(waiter) {
                let scheduled = MultiThreadedEventLoopGroup.singleton.any().scheduleTask(in: limit) {
                    self.expire(id)
                }
                timer.withLock { $0 = scheduled }
            }
        }
        timer.withLock { $0?.cancel() }
        guard let found else {
            let tail = all.suffix(5).map { "\n      \($0)" }.joined()
            throw Failure("\(name): waited for \(what), which did not come. Last of \(all.count):\(tail)")
        }
        return found
    }

    /// Nil when the waiter was served at once.
    private func enter(_ waiter: Waiter) -> Int? {
        let entry: Entry = state.withLock { state in
            if let index = state.elements.firstIndex(where: waiter.isWanted) {
                let element = state.elements[index]
                if waiter.takes {
                    state.elements.remove(at: index)
                }
                return .served(element)
            }
            if state.isFinished {
                return .served(nil)
            }
            state.nextWaiter += 1
            state.waiters[state.nextWaiter] = waiter
            return .waits(state.nextWaiter)
        }
        switch entry {
        case .waits(let id):
            return id
        case .served(let element):
            waiter.continuation.resume(returning: element)
            return nil
        }
    }

    private func expire(_ id: Int) {
        state.withLock { $0.waiters.removeValue(forKey: id) }?.continuation.resume(returning: nil)
    }
}

import DequeModule
import Glibc
import NIOCore
import OutsideNames
import Synchronization

/// Looks host names up on threads of its own: a name server that does not answer holds nobody up but those who asked.
final class HostResolver: Sendable {
    enum Answer: Sendable, Equatable {
        /// As `getaddrinfo` has ordered them (RFC 6724), at least one.
        case addresses([String])
        case failed(reason: String)
    }

    /// One name, on a thread that may wait.
    typealias LookUp = @Sendable (String) -> Answer
    typealias Completion = @Sendable (Answer) -> Void

    private static let mostThreads = 4
    private static let mostAddresses = 8

    private struct State {
        var known: [String: (answer: Answer, until: NIODeadline)] = [:]
        /// By name, and by who asks.
        var waiting: [String: [Int: Completion]] = [:]
        var queue = Deque<String>()
        var threads = 0
    }

    private let state = Mutex(State())
    private let lookUp: LookUp
    private let keepTime: TimeAmount

    /// - Parameter keepTime: an answer is good for so long; `getaddrinfo` does not say how long it really is.
    init(keepTime: TimeAmount = .seconds(10), lookUp: @escaping LookUp = HostResolver.ask) {
        self.keepTime = keepTime
        self.lookUp = lookUp
    }

    /// - Parameters:
    ///   - asker: who asks; has one completion for each name, the newest.
    ///   - completion: called later on another thread, where there is no answer at once.
    /// - Returns: the answer, if it is known.
    func resolve(_ host: String, for asker: Int, _ completion: @escaping Completion) -> Answer? {
        if Self.isAddress(host) { return .addresses([host]) }
        let (answer, needsThread) = state.withLock { state -> (Answer?, Bool) in
            if let known = state.known[host], known.until > .now() { return (known.answer, false) }
            let isAsked = state.waiting[host] != nil
            state.waiting[host, default: [:]][asker] = completion
            if isAsked { return (nil, false) }
            state.queue.append(host)
            guard state.threads < Self.mostThreads else { return (nil, false) }
            state.threads += 1
            return (nil, true)
        }
        if needsThread { ThreadOfConnection.detached(name: "resolver") { self.work() } }
        return answer
    }

    private func work() {
        while let host = next() {
            let answer = lookUp(host)
            let completions = state.withLock { state in
                // A failure is asked again: the pauses between attempts are pauses here too.
                if case .addresses = answer { state.known[host] = (answer, .now() + keepTime) }
                return state.waiting.removeValue(forKey: host) ?? [:]
            }
            for completion in completions.values { completion(answer) }
        }
    }

    private func next() -> String? {
        state.withLock { state in
            let host = state.queue.popFirst()
            if host == nil { state.threads -= 1 }
            return host
        }
    }

    private static func isAddress(_ host: String) -> Bool {
        withHints(AI_NUMERICHOST) { hints in
            var list: UnsafeMutablePointer<addrinfo>?
            defer { list.map { freeaddrinfo($0) } }
            return getaddrinfo(host, nil, &hints, &list) == 0
        }
    }

    private static func withHints<Result>(_ flags: Int32, _ body: (inout addrinfo) -> Result) -> Result {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = flags
        return body(&hints)
    }

    @Sendable static func ask(_ host: String) -> Answer {
        withHints(0) { hints in
            var list: UnsafeMutablePointer<addrinfo>?
            let code = getaddrinfo(host, nil, &hints, &list)
            defer { list.map { freeaddrinfo($0) } }
            guard code == 0 else {
                let systemError = errno
                let reason = code == EAI_SYSTEM ? strerror(systemError).map { String(cString: $0) } : nil
                return .failed(reason: reason ?? String(cString: gai_strerror(code)))
            }
            var addresses: [String] = []
            var item = list
            while let current = item, addresses.count < mostAddresses {
                if let text = numericText(current.pointee), !addresses.contains(text) { addresses.append(text) }
                item = current.pointee.ai_next
            }
            return addresses.isEmpty ? .failed(reason: "it has no address") : .addresses(addresses)
        }
    }

    private static func numericText(_ item: addrinfo) -> String? {
        var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        guard
            getnameinfo(
                item.ai_addr, item.ai_addrlen, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST) == 0
        else { return nil }
        return text.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } }
    }
}

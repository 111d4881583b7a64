import TestSupport
import Testing

extension Site {
    /// What the charge point of a number shows, which deserves to be let in or not.
    typealias Shown = @Sendable (_ name: String, _ isRight: Bool) -> ShownCredentials

    /// Handshakes of `N-1` to `N-200`, so many of them at once, while something happens to whom the gateway asks: one in
    /// two is right, and each of them has the verdict that it deserves, or is told to come again.
    ///
    /// - Parameter event: begins once one has its answer.
    func knock(
        _ numbers: ClosedRange<Int>, _ shown: @escaping Shown, while event: () async throws -> Void = {}
    ) async throws {
        let answers = Counter()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in numbers {
                group.addTask {
                    let (name, isRight) = ("N-\(number)", number.isMultiple(of: 2))
                    let heard = try await answer(name, shown(name, isRight), within: .seconds(180))
                    #expect(heard.isDeserved(isRight) || heard.isUnavailable, "\(name): \(heard)")
                    answers.next()
                }
            }
            try await eventually("an answer", within: .seconds(180)) { answers.value > 0 }
            try await event()
            try await group.waitForAll()
        }
    }

    /// Whoever of these comes again as long as it is told to has the verdict that it deserves.
    func settle(_ numbers: some Sequence<Int>, _ shown: Shown) async throws {
        for number in numbers {
            let (name, isRight) = ("N-\(number)", number.isMultiple(of: 2))
            let heard = try await verdict(name, shown(name, isRight))
            #expect(heard.isDeserved(isRight), "\(name): \(heard)")
        }
    }

    /// Issue: a server stopped and started again under 200 handshakes. Each of them has the verdict that it deserves, or
    /// is told to come again; afterwards each has its verdict.
    ///
    /// - Parameter again: starts it again.
    func restart(_ server: TestServer, again: () async throws -> Void, shown: @escaping Shown) async throws {
        let tries = Counter()
        try await knock(1...100, shown) {
            await server.kill()
            // Its own children may answer for a while.
            try await eventually("the loss", within: .seconds(180)) {
                let name = "GONE-\(tries.next())"
                let isRefused = try await status(name, .basic(name, "s3cr3t")) == 503
                return isRefused && hasLogged("authentication backend down")
            }
        }
        try await knock(101...150, shown)
        try await knock(151...200, shown, while: again)
        // Of some backends it is one of these that finds them again.
        try await settle(1...10, shown)
        try await gateway.log("the return", within: 180) { $0.message == "authentication backend up" }
    }
}

extension ChargePointClient.Handshake {
    fileprivate func isDeserved(_ isRight: Bool) -> Bool {
        isRight ? status == 101 : status == 401 && body == "not authorized"
    }
}

import TestSupport
import Testing

extension Site {
    /// Issue: a server stopped and started again under 200 handshakes. Each of them has the verdict that it deserves, or
    /// is told to come again.
    ///
    /// - Parameters:
    ///   - again: starts it again.
    ///   - shown: what a charge point shows, which deserves to be let in or not.
    func restart(
        _ server: TestServer, again: @Sendable () async throws -> Void,
        shown: @escaping @Sendable (_ name: String, _ isRight: Bool) -> ShownCredentials
    ) async throws {
        /// One in two is right.
        @Sendable func knock(_ number: Int) async throws {
            let (name, isRight) = ("N-\(number)", number.isMultiple(of: 2))
            let heard = try await answer(name, shown(name, isRight), within: .seconds(60))
            let isDeserved = isRight ? heard.status == 101 : heard.isUnauthorized
            #expect(isDeserved || heard.isUnavailable, "\(name): \(heard)")
        }
        let tries = Counter()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 1...100 { group.addTask { try await knock(number) } }
            _ = try await group.next()
            await server.kill()
            // Its own children may answer for a while.
            try await eventually("the loss", within: .seconds(60)) {
                let name = "GONE-\(tries.next())"
                let isRefused = try await status(name, .basic(name, "s3cr3t")) == 503
                return isRefused && hasLogged("authentication backend down")
            }
            for number in 101...150 { group.addTask { try await knock(number) } }
            try await group.waitForAll()
            for number in 151...200 { group.addTask { try await knock(number) } }
            try await again()
            try await gateway.log("the return", within: 60) { $0.message == "authentication backend up" }
            try await group.waitForAll()
        }
    }
}

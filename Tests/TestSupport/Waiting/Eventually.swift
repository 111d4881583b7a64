/// Waits until a condition holds that no event announces.
package func eventually(
    _ what: String, within limit: Duration = .seconds(60), _ condition: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + limit
    while try await !condition() {
        guard ContinuousClock.now < deadline else {
            throw Failure("waited \(limit) for \(what), in vain")
        }
        try await Task.sleep(for: .milliseconds(20))
    }
}

/// Waits until a condition holds that no event announces; false when it does not within a minute, which is far
/// beyond what a slow machine needs.
package func eventually(_ condition: () async -> Bool) async -> Bool {
    let deadline = ContinuousClock.now + .seconds(60)
    while ContinuousClock.now < deadline {
        if await condition() { return true }
        try? await Task.sleep(for: .milliseconds(5))
    }
    return await condition()
}

import TestSupport

extension TestBroker {
    /// A running broker as most tests here want it. With `isPersistent` it knows its sessions after `kill`.
    static func start(isPersistent: Bool = false, extraConfiguration: [String] = []) async throws -> TestBroker {
        try await started(
            listener: extraConfiguration, keepsQoS0: false, isPersistent: isPersistent, logging: .events)
    }

    /// The same, not running yet; its port is known.
    static func prepare() async throws -> TestBroker {
        try await TestBroker(keepsQoS0: false, logging: .events)
    }

    /// Runs a test against a broker of its own, which is gone when the test ends, well or not.
    static func run(isPersistent: Bool = false, _ body: (TestBroker) async throws -> Void) async throws {
        let broker = try await start(isPersistent: isPersistent)
        do {
            try await body(broker)
        } catch {
            await broker.remove()
            throw error
        }
        await broker.remove()
    }
}

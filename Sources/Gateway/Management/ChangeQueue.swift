import Management

/// What changes the gateway is done one at a time, in the order in which it was asked for, and to its end also when
/// whoever has asked goes away.
actor ChangeQueue {
    private var last: Task<Void, Never>?

    func run<Value: Sendable>(
        _ change: @escaping @Sendable () async throws(OperationFailure) -> Value
    ) async throws(OperationFailure) -> Value {
        let previous = last
        let turn = Task { () async -> Result<Value, OperationFailure> in
            await previous?.value
            do throws(OperationFailure) {
                return .success(try await change())
            } catch {
                return .failure(error)
            }
        }
        last = Task { _ = await turn.value }
        return try await turn.value.get()
    }
}

import MemoryBudget

/// The part of a message that waits for its rest, for as long as the peer likes: counted in the memory of all.
struct UnfinishedBytes {
    private var counted: Int32 = 0

    /// - Returns: False where there is no memory for so much; what was counted before stays so.
    mutating func update(to bytes: Int, in memory: MemoryBudget) -> Bool {
        let bytes = Int32(clamping: bytes)
        if bytes > counted {
            guard memory.take(Int(bytes - counted)) else { return false }
        } else {
            memory.give(Int(counted - bytes))
        }
        counted = bytes
        return true
    }
}

import MemoryBudget
import NIOCore

/// What holds for all connections of one opening of a listener.
final class ConnectionLimits: Sendable {
    /// Longest message, all its fragments together, in bytes.
    let maxFrameSize: Int
    /// Messages of one connection handled in a row before others have their turn.
    let framesPerRound: Int
    /// How long a peer may take nothing of what is written to it.
    let sendTimeout: TimeAmount
    let closesOnSendTimeout: Bool
    /// How long a peer may take to answer a close frame.
    let closeTimeout: TimeAmount
    /// What is written waits in the TLS handler, too.
    let isBehindTLS: Bool
    /// What all queues of the process may hold.
    let memory: MemoryBudget

    init(_ configuration: ListenerConfiguration, memory: MemoryBudget) {
        maxFrameSize = configuration.maxFrameSize
        framesPerRound = configuration.framesPerRound
        sendTimeout = configuration.sendTimeout
        closesOnSendTimeout = configuration.closesOnSendTimeout
        closeTimeout = configuration.closeTimeout
        isBehindTLS = configuration.tls != nil
        self.memory = memory
    }

    /// Bytes that may lie for a peer before messages to it are refused (behaviour.md, "Bounds").
    var mostWaiting: Int { memory.share }
    /// Bytes that a peer may leave lying of what is written to it: behind what waits, a CALL and what the gateway itself
    /// has to say.
    var mostPending: Int { mostWaiting + maxFrameSize + 64 * 1024 }
}

/// What a session has moved, in few bytes: every session has one. The counts wrap after four thousand million.
package struct SessionTraffic: Sendable, Equatable {
    /// Of text messages, as sent by the charge point.
    package private(set) var receivedBytes = 0
    package private(set) var sentBytes = 0
    package private(set) var receivedMessages: UInt32 = 0
    package private(set) var sentMessages: UInt32 = 0
    /// CALLs of the charge point that were relayed.
    package internal(set) var callsUp: UInt32 = 0
    package internal(set) var callsDown: UInt32 = 0
    package internal(set) var badMessages: UInt32 = 0
    /// CALLs from the broker that found the queue full.
    package internal(set) var droppedCalls: UInt32 = 0

    mutating func received(_ bytes: Int) {
        receivedBytes &+= bytes
        receivedMessages &+= 1
    }

    mutating func sent(_ bytes: Int) {
        sentBytes &+= bytes
        sentMessages &+= 1
    }
}

/// What there is in all sessions at this moment.
package enum SessionGauge: Int, Sendable, CaseIterable {
    /// CALLs of charge points that have no answer.
    case openCallsUp
    /// CALLs that are with their charge point.
    case openCallsDown
    /// CALLs that wait for their charge point.
    case queuedCalls
}

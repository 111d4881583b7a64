import NIOCore

/// One that a broker thread looks after. All calls come on that thread.
protocol ThreadMember: AnyObject {
    /// `ThreadSchedule`'s notes about it.
    var scheduled: ThreadSchedule.Entry { get set }
    /// Nothing is to be done for it any more, ever.
    var isClosed: Bool { get }
    /// Something has happened to its socket.
    func handle(_ event: BrokerPoll.Event)
    /// It has asked to be woken at this time, or an earlier one.
    func keepTime(_ now: NIODeadline)
    /// Acts upon whatever has changed. True: there is more to do at once.
    func work(_ now: NIODeadline) -> Bool
    /// When it is to be woken.
    func nextWakeUp(_ now: NIODeadline) -> NIODeadline
}

import NIOCore
import OCPPJ
import OutsideNames

// What a session's rules say is to be done: one enum for each kind of thing that happens.
extension SessionStateMachine {
    /// What becomes of a well-formed message from the charge point.
    enum UpstreamAction: Equatable {
        /// Publish the CALL, unless it waits for the broker past the deadline.
        case relayCall(deadline: NIODeadline?)
        /// Too many of its CALLs are open: it is kept, and comes out of `takeWaitingCall` when its turn has come.
        case wait
        /// Too many wait already: stop reading, and present this one again later.
        case hold
        /// The CALL that is open already, once more: its answer serves both.
        case dropRetry
        case refuseCall(OCPPErrorCode, String)
        /// Publish the answer; a late one belongs to a CALL that was given up. The next CALL may go out.
        case relayAnswer(isLate: Bool)
        case dropUnmatchedAnswer
        /// Publish the SEND; nobody answers it.
        case relaySend
        /// With the link down there is no place for it, and nothing that could be answered.
        case dropSend(String)
        /// Publish the CALLRESULTERROR; the CALL that it is about is closed already.
        case relayResultError
    }

    /// What becomes of a message from the charge point that is none.
    enum BadMessageAction: Equatable {
        case answer(uniqueID: UniqueID?, OCPPErrorCode, String)
        /// It would have been an answer; it has no CALL.
        case drop(uniqueID: UniqueID?, String)
        /// Not bad, but of a type that nobody knows (OCPP-J 1.6, 4.1.3).
        case ignore(uniqueID: UniqueID?, String)
        case endNotUTF8
        /// It would have been the answer to this CALL: tell the backend. The next CALL may go out.
        case report(uniqueID: UniqueID, MessageType, String)
    }

    /// What becomes of a message from the charge point that is well-formed and breaks its schema.
    enum InvalidMessageAction: Equatable {
        /// A CALL: answer it. `isOpen`: it also has the UniqueId of one that is open.
        case refuse(isOpen: Bool)
        /// It would have been the answer to an unanswered CALL: tell the backend, and in 2.1 the charge point. The next
        /// CALL may go out.
        case report
        case ignore
    }

    /// What becomes of a well-formed message from the broker.
    enum DownstreamAction: Equatable {
        case send
        case wait
        /// Tell the sender, by a reason of relay-format.md.
        case refuse(reason: String, String)
        case dropDuplicate
    }

    /// Something fell due.
    enum Timeout: Equatable {
        case answer(OpenCalls.Call)
        case call(DownstreamQueue.Call)
        case expiry(DownstreamQueue.Call)
        case ping
        /// - Parameter isCertain: false where the charge point has never answered a ping: one whose TCP acknowledges
        ///   them is alive.
        case silence(isCertain: Bool)
    }

    /// Why reading pauses.
    enum Hold: Equatable {
        case openCalls
        case rate
    }
}

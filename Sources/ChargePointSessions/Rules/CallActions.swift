import NIOCore
import OCPPJ
import OutsideNames

// What a session's rules say is to be done: one enum for each kind of thing that happens.
extension CallRules {
    /// What becomes of a well-formed message from the charge point.
    enum UpstreamAction: Equatable {
        /// Publish the CALL, unless it waits for the broker past the deadline.
        case relayCall(deadline: NIODeadline?)
        /// Too many of its CALLs are open: it is kept, and comes out of `takeWaitingCall` when its turn has come.
        case wait
        /// Too many wait already: stop reading, and present this one again later (`pause`).
        case hold
        /// The CALL that is open already, once more: its answer serves both.
        case dropRetry
        /// Another CALL with its UniqueId is open: the charge point is told, and that one stays open.
        case refuseDuplicate
        /// Nobody could answer it, or there is no memory to keep it: the charge point is told why.
        case refuseForBroker(String)
        /// Publish the answer to the CALL that went out at `sentAt`; nil: late, it belongs to one that was given up. The
        /// next CALL may go out.
        case relayAnswer(sentAt: NIODeadline?)
        /// The answer to a CALL of an operator's, who alone gets it. The next CALL may go out.
        case answerOperator(sentAt: NIODeadline?)
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
        /// It would have been the answer to this CALL: tell who sent that. The next CALL may go out.
        case report(DownstreamQueue.Call, MessageType, String)
    }

    /// What becomes of a message from the charge point that is well-formed and breaks its schema.
    enum InvalidMessageAction: Equatable {
        /// A CALL: answer it.
        case refuse
        /// A CALL that also has the UniqueId of one that is open: that one keeps its right to an answer.
        case refuseDuplicate
        /// It would have been the answer to this CALL: tell who sent that, and in 2.1 the charge point. The next CALL may
        /// go out.
        case report(DownstreamQueue.Call)
        case ignore
    }

    /// What becomes of a well-formed CALL from the broker.
    enum DownstreamAction: Equatable {
        case send
        case wait
        /// Tell the sender.
        case refuse(UndeliveredReason, String)
        case dropDuplicate
    }

    /// What becomes of a text that the charge point has sent.
    enum Reception: Equatable {
        case read
        /// Reading pauses already: it comes out of `nextHeld` when its turn has come.
        case hold
        /// So it does, and reading has to pause from now on.
        case pauseReading
    }

    /// What comes next of what was held while reading paused.
    enum NextHeld: Equatable {
        case read(ByteBuffer)
        /// Not yet.
        case wait
        /// Nothing is left.
        case resumeReading
        /// Reading does not pause.
        case nothing
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

    /// What is left when the session ends.
    struct Remains {
        /// SENDs that waited behind CALLs, in order: those will not be said any more, and nobody says a SEND again.
        var sends: [OCPPMessage]
        /// CALLs of the charge point that waited; they have had no answer.
        var waitingCalls: Int
        /// Messages that were read and not looked at.
        var unread: Int
        /// Whether the first of the next is unanswered; the others wait.
        var isCallUnanswered: Bool
        /// The CALLs towards the charge point that nobody will answer any more.
        var downstreamCalls: [DownstreamQueue.Call]
    }
}

import NIOCore
import OutsideNames

/// Who is connected, and what one can do to them.
package protocol ClientOperations: Sendable {
    /// Everybody who is here, in any order; nil where `revision` says that nothing has changed since.
    ///
    /// Kept beside the registry and never gathered from the sessions: it is asked for with each list.
    func roster(changedSince revision: UInt64?) async -> ClientRoster?

    /// The state of these sessions now, made on each session's own event loop; those that have ended are left out, the
    /// others come in the order asked for. Management asks for 256 at a time at the most.
    func snapshots(of sessions: [SessionKey]) async -> [ClientSnapshot]

    /// The gateway that is known to have claimed this charge point; nil: none that has been heard.
    func holder(of identity: ChargePointIdentity) async -> String?

    /// Closes the session with 1008 `kicked by an operator`. Returns once it is gone from the roster; false: it was
    /// gone already.
    func kick(_ session: SessionKey) async -> Bool

    /// Nil: the session has ended.
    func subscriptions(of session: SessionKey) async -> [ClientSubscription]?

    /// Sends a CALL through the session's queue, like every other, and returns the charge point's answer.
    ///
    /// - Throws: `refused` (schema, action), `notFound`, `queueFull`, `disconnected`, `timedOut`.
    func call(_ session: SessionKey, _ call: ChargePointCall) async throws(OperationFailure) -> ChargePointAnswer

    /// Actions that the central system may send in this version (`1.6`); nil: no such version here.
    func actions(toChargePointIn version: String) async -> [String]?

    /// The JSON Schema of the action's request, as a JSON text; nil: no such version or action.
    func requestSchema(of action: String, in version: String) async -> ByteBuffer?
}

package struct ClientSubscription: Sendable, Equatable {
    package var topic: Topic
    package var qos: Int

    package init(topic: Topic, qos: Int) {
        self.topic = topic
        self.qos = qos
    }
}

/// `POST …/clients/{clientid}/calls`.
package struct ChargePointCall: Sendable, Equatable {
    package var action: String
    /// A JSON text, as it was sent.
    package var payload: ByteBuffer
    /// From now, waiting in the queue included; nil: `dnstream.call_timeout`.
    package var timeout: Duration?

    package init(action: String, payload: ByteBuffer, timeout: Duration? = nil) {
        self.action = action
        self.payload = payload
        self.timeout = timeout
    }
}

package struct ChargePointAnswer: Sendable, Equatable {
    package enum Outcome: Sendable, Equatable {
        /// The payload of the CALLRESULT, a JSON text.
        case result(ByteBuffer)
        /// The CALLERROR; `details` is a JSON text.
        case error(code: String, description: String, details: ByteBuffer)
    }

    package var uniqueID: UniqueID
    package var outcome: Outcome

    package init(uniqueID: UniqueID, outcome: Outcome) {
        self.uniqueID = uniqueID
        self.outcome = outcome
    }
}

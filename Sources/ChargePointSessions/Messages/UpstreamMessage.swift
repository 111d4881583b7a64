import NIOCore
import OCPPJ
import OutsideNames

/// A message for the broker.
package struct UpstreamMessage: Sendable {
    /// What an upstream CALL carries beside its payload (relay-format.md, "MQTT details").
    package struct Call: Sendable {
        package var uniqueID: UniqueID
        package var action: String
        package var responseTopic: Topic
        package var version: OCPPVersion
    }

    /// What it is, which decides what becomes of it when the broker does not get it.
    package enum Kind: Sendable {
        case call(Call)
        /// The charge point's answer to the CALL with this UniqueId.
        case answer(UniqueID)
        /// A SEND, which nobody answers.
        case send(action: String)
        /// A CALLRESULTERROR of the charge point.
        case resultError
        case report
        case presence
        /// The copy of a refused message.
        case copy
        /// The answer or report once more, where the CALL's sender wants it.
        case reply
        case claim
    }

    package var topic: Topic
    package var payload: ByteBuffer
    package var retain = false
    package var kind = Kind.claim
    /// The user property `ocpp-version`; nil: it has none.
    package var version: OCPPVersion?
    package var correlationData: ByteBuffer?
    /// The user property `traceparent`: of a CALL that is traced, or of what becomes of one.
    package var traceParent: String?
    /// From here on the charge point has been told that it failed.
    package var deadline: NIODeadline?

    /// Nil for everything that is no CALL.
    package var call: Call? {
        if case .call(let call) = kind { call } else { nil }
    }
}

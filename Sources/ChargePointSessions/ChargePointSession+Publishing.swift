import Logging
import NIOCore
import OCPPJ
import OutsideNames

// What goes to the broker, and what becomes of it when the broker does not get it.
extension ChargePointSession {
    /// Publishes what is no CALL. Where that fails somebody hears of it: nothing is dropped in silence.
    func publishOrLog(_ message: UpstreamMessage) {
        let admission = publish(message)
        if admission != .accepted { wasLost(message, reason: admission.text) }
    }

    private func wasLost(_ message: UpstreamMessage, reason: String) {
        switch message.kind {
        case .call(let call): return brokerDidNotTake(uniqueID: call.uniqueID, reason: reason)
        case .answer(let uniqueID): return brokerDidNotTakeAnswer(uniqueID: uniqueID, reason: reason)
        case .send: context.counters.add(.droppedSends)
        case .report, .resultError: context.counters.add(.lostReports)
        case .presence: context.counters.add(.lostPresence)
        case .copy: context.counters.add(.lostCopies)
        case .reply: context.counters.add(.lostReplies)
        case .claim: break
        }
        log(.error, "message lost", ["topic": "\(message.topic)", "reason": "\(reason)"])
    }

    /// The charge point has answered a CALL, and the broker did not get the answer: the CALL's sender is told.
    package func brokerDidNotTakeAnswer(uniqueID: UniqueID, reason: String) {
        context.counters.add(.notRelayed)
        report(
            "not_relayed", OCPPMessageHead(type: .callResult, uniqueID: uniqueID), .internalError,
            "the charge point's answer: \(reason)")
    }

    func publishReport(_ payload: ByteBuffer, uniqueID: UniqueID) {
        publishOrLog(
            UpstreamMessage(
                topic: topics.error(id: uniqueID), payload: payload, kind: .report, version: chargePoint.version))
        reply(payload, to: uniqueID)
    }

    /// The session is over, and nobody knows which version the charge point's next one would be: as the gateway says it
    /// of a charge point that it has no session of at all.
    func reportNotConnected(_ head: OCPPMessageHead) {
        context.counters.add(.reports)
        let error = GatewayError(
            uniqueID: head.uniqueID, code: OCPPErrorCode.genericError.name(in: chargePoint.version),
            description: "the charge point is not connected")
        log(
            .warning, "downstream message not delivered", ["id": "\(error.uniqueID)", "reason": "not_connected"])
        let payload = error.relay(reason: "not_connected", type: head.type)
        publishOrLog(
            UpstreamMessage(
                topic: topics.errorInNoVersion(id: error.uniqueID), payload: payload, kind: .report, version: nil))
        reply(payload, to: error.uniqueID)
    }

    // MARK: Response Topics

    /// Keeps where the sender of a CALL wants its answer, before it is known what becomes of the CALL.
    func noteReplyAddress(of downstream: DownstreamMessage) {
        guard let address = downstream.replyAddress else { return }
        let uniqueID: UniqueID
        if let message = try? OCPPMessage.parse(relay: downstream.payload, version: chargePoint.version) {
            guard message.type == .call else { return }
            uniqueID = message.uniqueID
        } else {
            uniqueID = OCPPMessage.head(ofRelay: downstream.payload).uniqueID ?? GatewayError.unknownUniqueID
        }
        // A second CALL with its UniqueId is not delivered, and does not take the first one's answer.
        if replyAddresses[uniqueID] == nil { replyAddresses[uniqueID] = address }
    }

    /// The answer, or what is reported instead, goes where the CALL's sender wants it too.
    func reply(_ payload: ByteBuffer, to uniqueID: UniqueID) {
        guard !replyAddresses.isEmpty, let address = replyAddresses.removeValue(forKey: uniqueID) else { return }
        publishOrLog(
            UpstreamMessage(
                topic: address.topic, payload: payload, kind: .reply, version: chargePoint.version,
                correlationData: address.correlationData))
    }

    // MARK: Versions

    /// Whether the message is in the session's version, as far as it says; else it is refused.
    func isInVersion(_ downstream: DownstreamMessage) -> Bool {
        guard let version = downstream.version, !version.hasSameBytes(as: chargePoint.version.rawValue) else {
            return true
        }
        context.counters.add(.badDownstreamMessages)
        report(
            "version", OCPPMessage.head(ofRelay: downstream.payload), .genericError,
            "ocpp-version: \(version.unicodeScalars.prefix(20)), but the charge point speaks \(chargePoint.version.rawValue)"
        )
        return false
    }
}

import CallTracing
import Logging
import NIOCore
import OCPPJ
import OutsideNames

// What goes to the broker, and what becomes of it when the broker does not get it.
extension ChargePointSession {
    func publish(_ message: UpstreamMessage) -> UpstreamAdmission {
        switch life.publish(message, memory: &calls.upstreamMemory) {
        case .publish: link.publish(message, from: self)
        case .kept: .accepted
        case .full: .full
        }
    }

    /// Publishes; where that fails somebody hears of it: nothing is dropped in silence.
    func publishOrLog(_ message: UpstreamMessage) {
        let admission = publish(message)
        if admission != .accepted { wasLost(message, reason: admission.text) }
    }

    private func wasLost(_ message: UpstreamMessage, reason: String) {
        switch message.kind {
        case .call(let call): return couldNotPublish(call.uniqueID, reason: reason, now: now)
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
            .notRelayed, OCPPMessageHead(type: .callResult, uniqueID: uniqueID), .internalError,
            "the charge point's answer: \(reason)", extras?.callSenders.takeSpan(of: uniqueID))
    }

    func publishReport(_ payload: ByteBuffer, uniqueID: UniqueID) {
        publishOrLog(
            UpstreamMessage(
                topic: furtherTopics.error(id: uniqueID), payload: payload, kind: .report,
                version: chargePoint.version))
        reply(payload, to: uniqueID)
    }

    // MARK: Reports

    /// Tells the sender of a downstream message what became of it (relay-format.md, "Errors that the gateway itself
    /// reports upstream").
    ///
    /// - Parameters:
    ///   - head: of what failed.
    ///   - span: of the CALL that failed; it ends with this.
    func report(
        _ reason: UndeliveredReason, _ head: OCPPMessageHead, _ code: OCPPErrorCode, _ description: String,
        _ span: CallSpan? = nil
    ) {
        let error = GatewayError(
            uniqueID: head.uniqueID, code: code.name(in: chargePoint.version), description: description)
        log(
            .warning, "downstream message not delivered",
            ["id": "\(error.uniqueID)", "reason": "\(reason.rawValue)", "description": "\(error.description)"], span)
        publishReport(
            error, reason, head, on: furtherTopics.error(id: error.uniqueID), version: chargePoint.version, span)
        if let span { end(span, failedWith: code, reason: reason.rawValue, error.description, now: now) }
    }

    private func publishReport(
        _ error: GatewayError, _ reason: UndeliveredReason, _ head: OCPPMessageHead, on topic: Topic,
        version: OCPPVersion?, _ span: CallSpan?
    ) {
        context.counters.reported(reason)
        let payload = error.relay(reason: reason.rawValue, type: head.type)
        tell { .report(identity: chargePoint.identity, payload: payload) }
        publishOrLog(
            UpstreamMessage(
                topic: topic, payload: payload, kind: .report, version: version,
                traceParent: span?.trace.traceparent))
        reply(payload, to: error.uniqueID, span)
    }

    /// A CALL towards the charge point has no answer.
    func reportFailed(_ call: DownstreamQueue.Call, _ reason: UndeliveredReason, _ description: String) {
        if call.isOperators { return operatorCallFailed(call, reason == .disconnected ? .disconnected : .timedOut) }
        report(
            reason, OCPPMessageHead(type: .call, uniqueID: call.uniqueID), .genericError, description,
            extras?.callSenders.takeSpan(of: call.uniqueID))
    }

    func reportUndelivered(_ downstream: DownstreamMessage) {
        _ = noteReplyAddress(of: downstream)
        let head = OCPPMessage.head(ofRelay: downstream.payload)
        report(
            .disconnected, head, .genericError, "the charge point's session has ended",
            beginSpan(ofRefused: head, downstream))
    }

    /// The session is over, and nobody knows which version the charge point's next one would be: as the gateway says it
    /// of a charge point that it has no session of at all.
    func reportNotConnected(_ downstream: DownstreamMessage) {
        context.counters.add(.notConnected)
        _ = noteReplyAddress(of: downstream)
        let head = OCPPMessage.head(ofRelay: downstream.payload)
        let error = GatewayError(
            uniqueID: head.uniqueID, code: OCPPErrorCode.genericError.name(in: chargePoint.version),
            description: "the charge point is not connected")
        let reason = UndeliveredReason.notConnected
        let span = beginSpan(ofRefused: head, downstream)
        log(
            .warning, "downstream message not delivered",
            ["id": "\(error.uniqueID)", "reason": "\(reason.rawValue)"], span)
        publishReport(error, reason, head, on: furtherTopics.errorInNoVersion(id: error.uniqueID), version: nil, span)
        if let span { end(span, failedWith: .genericError, reason: reason.rawValue, error.description, now: now) }
    }

    /// The whole of a refused message, for `upstream.invalid_topic` and for those who look on.
    func copyRefused(
        _ text: ByteBuffer, _ head: OCPPMessageHead, _ reason: RefusalReason, _ code: OCPPErrorCode?,
        _ description: String
    ) {
        let refused = RefusedMessage(
            reason: reason, error: code?.name(in: chargePoint.version) ?? "", description: description, text: text)
        tell { .badMessage(identity: chargePoint.identity, refused.hidden(showsAll: context.logsWholeFrames)) }
        guard let topic = furtherTopics.invalid(head) else { return }
        publishOrLog(UpstreamMessage(topic: topic, payload: refused.relay(), kind: .copy))
    }

    // MARK: Presence

    func presence(end: SessionEnd?) -> PresenceMessage {
        PresenceMessage(
            chargePoint: chargePoint, gatewayID: context.gatewayID, sessionID: sessionID,
            end: end.map { PresenceMessage.End($0, duration: now - connectedAt) })
    }

    /// The presence message of the session's beginning, or of its end; nil when presence is off.
    func presenceMessage(end: SessionEnd?) -> UpstreamMessage? {
        guard let topic = topics.presence else { return nil }
        // The next session's own connection may be faster: what is retained there must stay.
        let mayComeLate = link.announcesItsLoss && end == .replaced
        return UpstreamMessage(
            topic: topic, payload: presence(end: end).payload(), retain: context.retainsPresence && !mayComeLate,
            kind: .presence)
    }

    // MARK: Response Topics

    /// Keeps where the sender of a CALL wants its answer, before it is known what becomes of the CALL.
    ///
    /// - Returns: false: there is no memory for it.
    func noteReplyAddress(of downstream: DownstreamMessage) -> Bool {
        guard let address = downstream.replyAddress else { return true }
        let uniqueID: UniqueID
        if let message = try? OCPPMessage.parse(relay: downstream.payload, version: chargePoint.version) {
            guard message.type == .call else { return true }
            uniqueID = message.uniqueID
        } else {
            uniqueID = OCPPMessage.head(ofRelay: downstream.payload).uniqueID ?? GatewayError.unknownUniqueID
        }
        return note(address, of: uniqueID)
    }

    func note(_ address: ReplyAddress, of uniqueID: UniqueID) -> Bool {
        // A second CALL with its UniqueId is not delivered, and does not take the first one's answer.
        guard extras?.callSenders.hasReplyAddress(of: uniqueID) != true else { return true }
        guard calls.downstreamMemory.take(address.size) else { return false }
        needExtras().callSenders.note(address, of: uniqueID)
        return true
    }

    /// The answer, or what is reported instead, goes where the CALL's sender wants it too.
    func reply(_ payload: ByteBuffer, to uniqueID: UniqueID, _ span: CallSpan? = nil) {
        guard let address = extras?.callSenders.takeReplyAddress(of: uniqueID) else { return }
        calls.downstreamMemory.give(address.size)
        publishOrLog(
            UpstreamMessage(
                topic: address.topic, payload: payload, kind: .reply, version: chargePoint.version,
                correlationData: address.correlationData, traceParent: span?.trace.traceparent))
    }
}

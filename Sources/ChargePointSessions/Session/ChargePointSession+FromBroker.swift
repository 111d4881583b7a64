import JSONText
import Logging
import NIOCore
import OCPPJ
import OutsideNames

// What comes from the broker.
extension ChargePointSession {
    /// The broker has acknowledged the subscription.
    package func subscriptionAcknowledged() {
        guard !isEnded else { return }
        let now = now
        let claims = context.claims
        let opening = life.subscriptionAcknowledged(
            isHeard: claims?.isHeard ?? false, isAlone: claims?.isAlone(now: now) ?? true, now: now)
        if let opening { open(opening, now: now) } else { armTimer(now: now) }
    }

    package func subscriptionRefused(reasonCode: UInt8) {
        log(
            .error, "the broker refuses the subscription",
            ["topic": "\(downstreamTopic)", "code": "\(reasonCode)"])
        end(.subscriptionRefused(reasonCode: reasonCode))
    }

    /// A CALL could not be handed to the broker: its sender gets the one answer that it waits for.
    package func brokerDidNotTake(uniqueID: UniqueID, reason: String) {
        couldNotPublish(uniqueID, reason: reason, now: now)
    }

    func couldNotPublish(_ uniqueID: UniqueID, reason: String, now: NIODeadline) {
        guard !isEnded, let call = calls.couldNotRelay(uniqueID) else { return }
        context.counters.add(.openCallsUp, -1)
        context.counters.add(.refusedForBroker)
        refuseCall(uniqueID, .internalError, reason, call.span)
        if let span = call.span {
            end(span, failedWith: .internalError, reason: "not_published", reason, now: now)
        }
        releaseHeld(now: now)
    }

    /// The link came up or went down: what waits for open CALLs is refused while it is down.
    package func linkChanged() {
        if !link.isUp { releaseHeld(now: now) }
    }

    /// The session's own MQTT connection came up again or went down.
    package func ownLinkChanged(isUp: Bool) {
        // The broker has said that the session ended.
        if isUp, life.isOpen, let presence = presenceMessage(end: nil) { publishOrLog(presence) }
        linkChanged()
    }

    /// A newer MQTT connection with this charge point's client id has ended the session's own one.
    package func wasTakenOver() {
        guard !isEnded else { return }
        // A newer session here has counted it.
        if context.registry.session(ofDownstreamTopic: downstreamTopic) === self { context.counters.add(.replaced) }
        end(.replaced)
    }

    /// The broker ended the session's own MQTT connection, or does not accept it any more.
    package func wasClosedByBroker(reason: String) {
        guard !isEnded else { return }
        log(.warning, "the broker has closed the charge point's connection", ["reason": "\(reason)"])
        end(.closedByBroker)
    }

    // MARK: Messages

    package func received(_ downstream: DownstreamMessage) {
        // Somebody clears a retained message.
        guard downstream.payload.readableBytes > 0 else { return log(.debug, "empty message from the broker", [:]) }
        let isTooLong = downstream.payload.readableBytes > calls.ruleSet.settings.maxMessageSize
        if isTooLong, !isEnded {
            if let address = downstream.replyAddress { _ = note(address, of: GatewayError.unknownUniqueID) }
            return refuseDownstream(
                downstream, .malformed, OCPPMessageHead(), .malformedMessage,
                "longer than \(calls.ruleSet.settings.maxMessageSize) bytes, the longest message for a charge point")
        }
        switch life.arrived(
            downstream, limit: calls.ruleSet.settings.maxQueuedCalls, memory: &calls.downstreamMemory)
        {
        case .deliver: deliver(downstream, now: now)
        case .hold: break
        case .tooMany:
            _ = noteReplyAddress(of: downstream)
            refuseDownstream(
                downstream, .queueFull, OCPPMessage.head(ofRelay: downstream.payload), .genericError,
                "too many messages wait for this charge point already")
        case .passOn: passOn(downstream)
        case .leave: leaveToOtherGateway(downstream)
        case .report: reportNotConnected(downstream)
        }
    }

    /// A message that is not as it should be: its sender is told.
    private func refuseDownstream(
        _ downstream: DownstreamMessage, _ reason: UndeliveredReason, _ head: OCPPMessageHead, _ code: OCPPErrorCode,
        _ description: String
    ) {
        context.counters.add(.badDownstreamMessages)
        context.counters.wasBad(.down, code, in: chargePoint.version)
        report(reason, head, code, description, beginSpan(ofRefused: head, downstream))
    }

    private func deliver(_ downstream: DownstreamMessage, now: NIODeadline) {
        guard noteReplyAddress(of: downstream) else {
            return refuseDownstream(
                downstream, .queueFull, OCPPMessage.head(ofRelay: downstream.payload), .genericError,
                "the gateway has no memory for more messages")
        }
        if let version = downstream.version, !version.hasSameBytes(as: chargePoint.version.rawValue) {
            let shown = String(version.unicodeScalars.prefix(20))
            return refuseDownstream(
                downstream, .version, OCPPMessage.head(ofRelay: downstream.payload), .genericError,
                "ocpp-version: \(shown), but the charge point speaks \(chargePoint.version.rawValue)")
        }
        if downstream.isRetained {
            let head = OCPPMessage.head(ofRelay: downstream.payload)
            return refuseDownstream(downstream, .retained, head, .genericError, "a retained message is a stale command")
        }
        do throws(OCPPMessageProblem) {
            guard let checking = calls.ruleSet.formatChecking(of: .downstream) else {
                let message = try OCPPMessage.parse(relay: downstream.payload, version: chargePoint.version)
                return deliver(message, of: downstream, now: now)
            }
            var violation: FormatViolation?
            let message = try OCPPMessage.parse(
                relay: downstream.payload, version: chargePoint.version,
                limits: MessageLimits(enforcesUniqueIDLength: true)
            ) { (owner, scanner) throws(JSONSyntaxError) in
                let found = try checking.walk(owner, of: chargePoint.version, from: .downstream, &scanner) {
                    calls.upstreamAction(of: $0)
                }
                violation = found
            }
            guard let violation else { return deliver(message, of: downstream, now: now) }
            refuseDownstream(downstream, .schema, message.head, violation.code, violation.description)
        } catch {
            refuseDownstream(downstream, error)
        }
    }

    private func refuseDownstream(_ downstream: DownstreamMessage, _ problem: OCPPMessageProblem) {
        let head: OCPPMessageHead
        let description: String
        switch problem {
        case .malformed(let type, let uniqueID, let reason):
            (head, description) = (OCPPMessageHead(type: type, uniqueID: uniqueID), reason)
        case .unknownMessageType(let number, let uniqueID):
            head = OCPPMessageHead(uniqueID: uniqueID)
            description = "MessageTypeId: \(number) names no message type"
        case .notUTF8: (head, description) = (OCPPMessageHead(), "not UTF-8")
        }
        refuseDownstream(downstream, .malformed, head, .malformedMessage, description)
    }

    private func deliver(_ message: OCPPMessage, of downstream: DownstreamMessage, now: NIODeadline) {
        life.delivers(message.uniqueID, now: now)
        switch message.body {
        case .call(let action, _): deliverCall(message, action: action, of: downstream, now: now)
        case .callResult, .callError: deliverAnswer(message, traceParent: downstream.traceParent, now: now)
        case .callResultError, .send: deliverUnanswered(message, expires: downstream.expires, now: now)
        }
    }

    private func deliverCall(
        _ message: OCPPMessage, action: String, of downstream: DownstreamMessage, now: NIODeadline
    ) {
        let id = message.uniqueID
        guard keptTopics.allowsReply(id: id) else {
            return refuseDownstream(
                downstream, .malformed, message.head, .malformedMessage,
                "UniqueId: holds a character that may not stand in a topic")
        }
        reportExpired(now: now)
        let call = DownstreamQueue.Call(
            uniqueID: id, action: action, frame: message.frame(), expires: downstream.expires,
            heartbeatInterval: message.requestedHeartbeatInterval)
        let admission = calls.centralSystemSent(call, now: now)
        if case .dropDuplicate = admission {
            context.counters.add(.duplicates)
            return log(
                .warning, "duplicate CALL not delivered", ["id": "\(id)", "action": "\(action)"],
                extras?.callSenders.span(of: id))
        }
        let span = beginSpan(ofCallDown: id, action: action, traceParent: downstream.traceParent, now: now)
        switch admission {
        case .send:
            if let span { needExtras().callSenders.note(span, of: id) }
            sendCall(call, now: now)
        case .wait:
            if let span { needExtras().callSenders.note(span, of: id) }
            callWaits(now: now)
        case .refuse(let reason, let description):
            if reason == .queueFull { traffic.droppedCalls &+= 1 }
            report(reason, message.head, .genericError, description, span)
        case .dropDuplicate: break
        }
    }

    func callWaits(now: NIODeadline) {
        context.counters.add(.queuedCalls, 1)
        armTimer(now: now)
    }

    /// A CALLRESULTERROR or a SEND waits for nothing, and touches no CALL (OCPP-J 2.1, 4.2.4 and 4.2.5).
    private func deliverUnanswered(_ message: OCPPMessage, expires: NIODeadline?, now: NIODeadline) {
        if message.type == .send, let expires, expires <= now {
            return report(.expired, message.head, .genericError, "the message expired before it arrived")
        }
        let frame = message.frame()
        guard connection.hasRoom(for: frame.readableBytes) else { return refuseForRoom(message.head) }
        context.counters.add(message.type == .send ? .sendsDown : .errorsDown)
        send(frame, message.type)
    }

    /// What lies for the charge point already is as much as may.
    private func refuseForRoom(_ head: OCPPMessageHead) {
        report(.queueFull, head, .genericError, "the charge point does not take what it is sent")
    }

    private func deliverAnswer(_ message: OCPPMessage, traceParent: String?, now: NIODeadline) {
        let frame = message.frame()
        // The CALL, if there is one, stays open for an answer that comes later.
        if !connection.hasRoom(for: frame.readableBytes), calls.upstreamAction(of: message.uniqueID) != nil {
            return refuseForRoom(message.head)
        }
        guard let call = calls.centralSystemAnswered(message.uniqueID) else {
            context.counters.add(.unsolicited)
            log(
                .warning, "answer to no open CALL not delivered",
                ["id": "\(message.uniqueID)", "reason": "\(UndeliveredReason.unsolicited.rawValue)"])
            return
        }
        context.counters.add(.openCallsUp, -1)
        context.counters.answered(.up, after: now - call.openedAt)
        if call.action == "BootNotification", let seconds = message.acceptedHeartbeatInterval {
            calls.learn(heartbeatSeconds: seconds)
            armTimer(now: now)
        }
        link.answered(message.uniqueID, from: self)
        context.counters.add(message.type == .callResult ? .resultsDown : .errorsDown)
        send(frame, message.type)
        if let span = call.span { end(span, answeredBy: message, traceParent: traceParent, now: now) }
        releaseHeld(now: now)
    }

    /// The session is over, but the broker had delivered before it knew.
    private func passOn(_ downstream: DownstreamMessage) {
        guard let newest = context.registry.session(ofDownstreamTopic: downstreamTopic) else {
            return reportNotConnected(downstream)
        }
        newest.eventLoop.execute {
            newest.assumeIsolated { $0.received(downstream) }
        }
    }

    func reportExpired(now: NIODeadline) {
        while let call = calls.takeExpired(now: now) { reportExpired(call) }
    }

    /// One that waited.
    func reportExpired(_ call: DownstreamQueue.Call) {
        context.counters.add(.queuedCalls, -1)
        reportFailed(call, .expired, "the message expired in the downstream queue")
    }
}

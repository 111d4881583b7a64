import JSONText
import Logging
import NIOCore
import OCPPJ
import OutsideNames

// What comes from the broker.
extension ChargePointSession {
    // MARK: From the broker

    /// The broker has acknowledged the subscription.
    package func subscriptionAcknowledged() {
        guard phase == .subscribing else { return }
        let now = NIODeadline.now()
        let claims = context.claims
        isSubscribed = true
        receivedEarly.subscribed(now)
        claimWait.subscribed(isHeard: claims?.isHeard ?? false, isAlone: claims?.isAlone(now: now) ?? true, now: now)
        openIfSettled()
        if phase == .subscribing { armTimer() }
    }

    /// What waited for the subscription, and for the end of the session before, goes out.
    func openIfSettled() {
        guard phase == .subscribing, isSubscribed, claimWait.isOver else { return }
        phase = .open
        for message in takeUnpublished() {
            if let call = message.call, let deadline = message.deadline, deadline <= .now() {
                brokerDidNotTake(uniqueID: call.uniqueID, reason: "the broker did not acknowledge the subscription")
            } else {
                publishOrLog(message)
            }
        }
        releaseHeldDownstream()
    }

    package func subscriptionRefused(reasonCode: UInt8) {
        log(
            .error, "the broker refuses the subscription",
            ["topic": "\(topics.downstream)", "code": "\(reasonCode)"])
        end(.subscriptionRefused(reasonCode: reasonCode))
    }

    /// A CALL could not be handed to the broker: its sender gets the one answer that it waits for.
    package func brokerDidNotTake(uniqueID: UniqueID, reason: String) {
        guard !isEnded, machine.couldNotRelay(uniqueID) else { return }
        context.counters.add(.refusedForBroker)
        refuseCall(uniqueID, .internalError, reason, level: .warning)
        releaseHeld()
    }

    /// The link came up or went down: what waits for open CALLs is refused while it is down.
    package func linkChanged() {
        if !link.isUp { releaseHeld() }
    }

    /// The session's own MQTT connection came up again or went down.
    package func ownLinkChanged(isUp: Bool) {
        // The broker has said that the session ended.
        if isUp, phase == .open, let presence = presenceMessage(end: nil) { publishOrLog(presence) }
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

    package func received(_ downstream: DownstreamMessage) {
        // Somebody clears a retained message.
        guard downstream.payload.readableBytes > 0 else { return log(.debug, "empty message from the broker", [:]) }
        guard !isEnded else { return receivedAfterEnd(downstream) }
        guard downstream.payload.readableBytes <= context.settings.maxMessageSize else {
            context.counters.add(.badDownstreamMessages)
            return report(
                "malformed", OCPPMessageHead(), .malformedMessage,
                "longer than \(context.settings.maxMessageSize) bytes, the longest message for a charge point")
        }
        if !claimWait.isOver { return hold(downstream) }
        deliver(downstream)
    }

    func deliver(_ downstream: DownstreamMessage) {
        noteReplyAddress(of: downstream)
        guard isInVersion(downstream) else { return }
        if downstream.isRetained {
            context.counters.add(.badDownstreamMessages)
            let head = OCPPMessage.head(ofRelay: downstream.payload)
            return report("retained", head, .genericError, "a retained message is a stale command")
        }
        do throws(OCPPMessageProblem) {
            guard let checking = context.formatChecking(of: .downstream) else {
                let message = try OCPPMessage.parse(relay: downstream.payload, version: chargePoint.version)
                return handle(message, expires: downstream.expires)
            }
            var violation: FormatViolation?
            let message = try OCPPMessage.parse(
                relay: downstream.payload, version: chargePoint.version,
                limits: MessageLimits(enforcesUniqueIDLength: true)
            ) { (owner, scanner) throws(JSONSyntaxError) in
                let found = try checking.walk(owner, of: chargePoint.version, from: .downstream, &scanner) {
                    machine.upstreamAction(of: $0)
                }
                violation = found
            }
            guard let violation else { return handle(message, expires: downstream.expires) }
            context.counters.add(.badDownstreamMessages)
            report("schema", message.head, violation.code, violation.description)
        } catch {
            handleDownstream(error)
        }
    }

    func handleDownstream(_ problem: OCPPMessageProblem) {
        context.counters.add(.badDownstreamMessages)
        switch problem {
        case .malformed(let type, let uniqueID, let reason):
            report("malformed", OCPPMessageHead(type: type, uniqueID: uniqueID), .malformedMessage, reason)
        case .unknownMessageType(let number, let uniqueID):
            report(
                "malformed", OCPPMessageHead(uniqueID: uniqueID), .malformedMessage,
                "MessageTypeId: \(number) names no message type")
        case .notUTF8:
            report("malformed", OCPPMessageHead(), .malformedMessage, "not UTF-8")
        }
    }

    func handle(_ message: OCPPMessage, expires: NIODeadline?) {
        let id = message.uniqueID
        if !receivedEarly.isOver, claim != nil { receivedEarly.received(id, .now()) }
        let action: String
        switch message.body {
        case .call(let name, _): action = name
        case .callResult, .callError: return handleAnswer(message)
        case .callResultError, .send: return handleUnanswered(message, expires: expires)
        }
        guard topics.allowsReply(id: id) else {
            context.counters.add(.badDownstreamMessages)
            return report(
                "malformed", message.head, .malformedMessage,
                "UniqueId: holds a character that may not stand in a topic")
        }
        let now = NIODeadline.now()
        reportExpired(now: now)
        let call = DownstreamQueue.Call(
            uniqueID: id, action: action, frame: message.frame(), expires: expires,
            heartbeatInterval: message.requestedHeartbeatInterval)
        switch machine.centralSystemSent(call, now: now) {
        case .send: sendCall(call)
        case .wait: armTimer()
        case .refuse(let reason, let description): report(reason, message.head, .genericError, description)
        case .dropDuplicate:
            context.counters.add(.duplicates)
            log(.warning, "duplicate CALL not delivered", ["id": "\(id)", "action": "\(action)"])
        }
    }

    /// A CALLRESULTERROR or a SEND waits for nothing, and touches no CALL (OCPP-J 2.1, 4.2.4 and 4.2.5).
    private func handleUnanswered(_ message: OCPPMessage, expires: NIODeadline?) {
        if message.type == .send, let expires, expires <= .now() {
            return report("expired", message.head, .genericError, "the message expired before it arrived")
        }
        context.counters.add(message.type == .send ? .sendsDown : .errorsDown)
        send(message.frame())
    }

    func handleAnswer(_ message: OCPPMessage) {
        guard let action = machine.centralSystemAnswered(message.uniqueID) else {
            context.counters.add(.unsolicited)
            log(
                .warning, "answer to no open CALL not delivered",
                ["id": "\(message.uniqueID)", "reason": "unsolicited"])
            return
        }
        if action == "BootNotification", let seconds = message.acceptedHeartbeatInterval {
            machine.learn(heartbeatSeconds: seconds)
            armTimer()
        }
        link.answered(message.uniqueID, from: self)
        context.counters.add(message.type == .callResult ? .resultsDown : .errorsDown)
        send(message.frame())
        releaseHeld()
    }

    /// The session is over, but the broker had delivered before it knew.
    func receivedAfterEnd(_ downstream: DownstreamMessage) {
        if isReplacedHere, let newest = context.registry.session(ofDownstreamTopic: downstreamTopic) {
            newest.eventLoop.execute {
                newest.assumeIsolated { $0.received(downstream) }
            }
        } else if isElsewhere {
            leaveToOtherGateway(downstream)
        } else {
            context.counters.add(.notConnected)
            reportNotConnected(OCPPMessage.head(ofRelay: downstream.payload))
        }
    }

    func reportExpired(now: NIODeadline) {
        while let call = machine.takeExpired(now: now) { reportExpired(call) }
    }

    func reportExpired(_ call: DownstreamQueue.Call) {
        reportFailed(call, "expired", "the message expired in the downstream queue")
    }
}

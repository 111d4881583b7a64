import JSONText
import Logging
import NIOCore
import OCPPJ
import OutsideNames

// What comes from the broker.
extension ChargePointSession {
    // MARK: From the broker

    /// The broker has acknowledged the subscription.
    public func subscriptionAcknowledged() {
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
        let waiting = unpublished
        unpublished = []
        for message in waiting {
            if let call = message.call, let deadline = message.deadline, deadline <= .now() {
                brokerDidNotTake(uniqueID: call.uniqueID, reason: "the broker did not acknowledge the subscription")
            } else if !publish(message), let call = message.call {
                brokerDidNotTake(uniqueID: call.uniqueID, reason: "the broker takes no more messages")
            }
        }
        releaseHeldDownstream()
    }

    public func subscriptionRefused(reasonCode: UInt8) {
        log(
            .error, "the broker refuses the subscription",
            ["topic": "\(topics.downstream)", "code": "\(reasonCode)"])
        end(.subscriptionRefused(reasonCode: reasonCode))
    }

    /// A CALL could not be handed to the broker: its sender gets the one answer that it waits for.
    public func brokerDidNotTake(uniqueID: UniqueID, reason: String) {
        guard !isEnded, machine.couldNotRelay(uniqueID) else { return }
        context.counters.add(.refusedForBroker)
        refuseCall(uniqueID, .internalError, reason, level: .warning)
        releaseHeldTexts()
    }

    /// The link came up or went down: what waits for open CALLs is refused while it is down.
    public func linkChanged() {
        if hold == .openCalls, !link.isUp { releaseHeldTexts() }
    }

    /// The session's own MQTT connection came up again or went down.
    public func ownLinkChanged(isUp: Bool) {
        // The broker has said that the session ended.
        if isUp, phase == .open, let presence = presenceMessage(end: nil) { publishOrLog(presence) }
        linkChanged()
    }

    /// A newer MQTT connection with this charge point's client id has ended the session's own one.
    public func wasTakenOver() {
        guard !isEnded else { return }
        // A newer session here has counted it.
        if context.registry.session(ofDownstreamTopic: downstreamTopic) === self { context.counters.add(.replaced) }
        end(.replaced)
    }

    /// The broker ended the session's own MQTT connection, or does not accept it any more.
    public func wasClosedByBroker(reason: String) {
        guard !isEnded else { return }
        log(.warning, "the broker has closed the charge point's connection", ["reason": "\(reason)"])
        end(.closedByBroker)
    }

    public func received(_ downstream: DownstreamMessage) {
        guard !isEnded else { return receivedAfterEnd(downstream) }
        if !claimWait.isOver { return hold(downstream) }
        deliver(downstream)
    }

    func deliver(_ downstream: DownstreamMessage) {
        if downstream.isRetained {
            context.counters.add(.badDownstreamMessages)
            let uniqueID = OCPPMessage.uniqueID(ofRelay: downstream.payload)
            return report("retained", uniqueID: uniqueID, .genericError, "a retained message is a stale command")
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
                let found = try checking.walk(owner, from: .downstream, &scanner) { machine.upstreamAction(of: $0) }
                violation = found
            }
            guard let violation else { return handle(message, expires: downstream.expires) }
            context.counters.add(.badDownstreamMessages)
            report("schema", uniqueID: message.uniqueID, violation.code, violation.description)
        } catch {
            handleDownstream(error)
        }
    }

    func handleDownstream(_ problem: OCPPMessageProblem) {
        context.counters.add(.badDownstreamMessages)
        switch problem {
        case .malformed(_, let uniqueID, let reason):
            report("malformed", uniqueID: uniqueID, .malformedMessage, reason)
        case .unknownMessageType(let number, let uniqueID):
            report(
                "malformed", uniqueID: uniqueID, .malformedMessage, "MessageTypeId: \(number) names no message type")
        case .notUTF8:
            report("malformed", uniqueID: nil, .malformedMessage, "not UTF-8")
        }
    }

    func handle(_ message: OCPPMessage, expires: NIODeadline?) {
        let id = message.uniqueID
        if !receivedEarly.isOver, claim != nil { receivedEarly.received(id, .now()) }
        guard case .call(let action, _) = message.body else { return handleAnswer(message) }
        guard topics.allowsReply(id: id) else {
            context.counters.add(.badDownstreamMessages)
            return report(
                "malformed", uniqueID: id, .malformedMessage,
                "UniqueId: holds a character that may not stand in a topic")
        }
        let now = NIODeadline.now()
        reportExpired(now: now)
        let call = DownstreamQueue.Call(uniqueID: id, action: action, frame: message.frame(), expires: expires)
        switch machine.centralSystemSent(call, now: now) {
        case .send: sendCall(call)
        case .wait: armTimer()
        case .refuse(let reason, let description): report(reason, uniqueID: id, .genericError, description)
        case .dropDuplicate:
            context.counters.add(.duplicates)
            log(.warning, "duplicate CALL not delivered", ["id": "\(id)", "action": "\(action)"])
        }
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
            // A year is as good as for ever, and far from an overflow.
            machine.learn(heartbeatInterval: .milliseconds(Int64(min(seconds, 31_536_000) * 1000)))
            armTimer()
        }
        context.counters.add(message.type == .callResult ? .resultsDown : .errorsDown)
        send(message.frame())
        releaseHeldTexts()
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
            report(
                "not_connected", uniqueID: OCPPMessage.uniqueID(ofRelay: downstream.payload), .genericError,
                "the charge point is not connected")
        }
    }

    func reportExpired(now: NIODeadline) {
        while let call = machine.takeExpired(now: now) { reportExpired(call) }
    }

    func reportExpired(_ call: DownstreamQueue.Call) {
        report("expired", uniqueID: call.uniqueID, .genericError, "the message expired in the downstream queue")
    }
}

import JSONText
import Logging
import NIOCore
import OCPPJ
import OutsideNames

// What comes from the charge point.
extension ChargePointSession {
    /// A frame has arrived that hands over no message now.
    package func showedLife(isPong: Bool) {
        calls.showedLife(isPong: isPong, now: now)
    }

    /// One whole text message has arrived.
    package func received(text: ByteBuffer) {
        guard !isEnded else { return }
        let now = now
        traffic.received(text.readableBytes)
        if let taps = extras?.taps { show(text, .up, to: taps) }
        switch calls.received(text, now: now) {
        case .read: read(text, now: now)
        case .hold: break
        case .pauseReading: pauseReading(for: .rate, now: now)
        }
    }

    private func pauseReading(for reason: HeldTexts.Hold, now: NIODeadline) {
        armTimer(now: now)
        connection.pauseReading()
        log(.debug, "reading paused", ["reason": "\(reason)"])
    }

    /// Goes on with what waits for open CALLs, and with the messages held behind it, as far as the rules let them pass.
    func releaseHeld(now: NIODeadline) {
        // A CALL that the broker does not take makes room for the next, which is this loop's to find.
        guard calls.holdsMessages, !isReleasing else { return }
        isReleasing = true
        defer { isReleasing = false }
        while !isEnded, let (message, action) = calls.takeWaitingCall(linkIsUp: link.isUp, now: now) {
            perform(action, with: message, now: now)
        }
        while !isEnded {
            switch calls.nextHeld(now: now) {
            case .read(let text): guard read(text, now: now) else { return }
            case .wait: return armTimer(now: now)
            case .resumeReading: return connection.resumeReading()
            case .nothing: return
            }
        }
    }

    /// False: it is held for later.
    @discardableResult
    private func read(_ text: ByteBuffer, now: NIODeadline) -> Bool {
        logFrame("frame received", text)
        do throws(OCPPMessageProblem) {
            guard let checking = calls.ruleSet.formatChecking(of: .upstream) else {
                return accept(try OCPPMessage.parse(frame: text, version: chargePoint.version), now: now)
            }
            var violation: FormatViolation?
            let message = try OCPPMessage.parse(
                frame: text, version: chargePoint.version, limits: MessageLimits(enforcesUniqueIDLength: true)
            ) { (owner, scanner) throws(JSONSyntaxError) in
                let found = try checking.walk(owner, of: chargePoint.version, from: .upstream, &scanner) {
                    calls.downstreamAction(of: $0)
                }
                violation = found
            }
            guard let violation else { return accept(message, now: now) }
            refuse(message, violation, now: now)
            return true
        } catch {
            refuse(text, error, now: now)
            return true
        }
    }

    /// False: it is held for later.
    private func accept(_ message: OCPPMessage, now: NIODeadline) -> Bool {
        guard keptTopics.canCarry(message) else {
            calls.chargePointSentUnpublishableCall()
            let description = "UniqueId: holds a character that may not stand in a topic"
            if message.type == .call {
                refuseBad(message.text, message.head, .malformedMessage, description, reason: .malformed)
            } else {
                drop(message, reason: .malformed, .malformedMessage, description)
            }
            return true
        }
        let action = calls.chargePointSent(message, linkIsUp: link.isUp, now: now)
        if action == .hold {
            if calls.pause(for: .openCalls, holding: message.text) {
                pauseReading(for: .openCalls, now: now)
            } else {
                armTimer(now: now)
            }
            return false
        }
        context.counters.passed(.up, message.type, bytes: message.text.readableBytes)
        perform(action, with: message, now: now)
        return true
    }

    private func perform(_ action: CallRules.UpstreamAction, with message: OCPPMessage, now: NIODeadline) {
        let id = message.uniqueID
        switch action {
        case .hold: break
        case .wait: armTimer(now: now)
        case .dropRetry:
            context.counters.add(.retries)
            log(
                .info, "CALL sent again while it is open: swallowed", ["id": "\(id)"], calls.upstreamSpan(of: id))
        case .relayCall(let deadline):
            relayCall(message, deadline: deadline, now: now)
            forgetExcess(now: now)
            armTimer(now: now)
        case .refuseDuplicate: refuseDuplicate(message)
        case .refuseForBroker(let description):
            context.counters.add(.refusedForBroker)
            refuseCall(id, .internalError, description)
        case .relayAnswer(let sentAt):
            relayAnswer(message, sentAt: sentAt, now: now)
            wasAnswered(now: now)
        case .answerOperator(let sentAt):
            answerOperator(message, sentAt: sentAt, now: now)
            wasAnswered(now: now)
        case .relaySend: relaySend(message)
        case .dropSend(let reason):
            context.counters.add(.droppedSends)
            log(.warning, "SEND dropped", ["id": "\(id)", "reason": "\(reason)"])
        case .relayResultError:
            context.counters.add(.errorsUp)
            publishOrLog(
                UpstreamMessage(
                    topic: furtherTopics.error(id: id, type: .callResultError), payload: message.relay(),
                    kind: .resultError,
                    version: chargePoint.version))
        case .dropUnmatchedAnswer:
            context.counters.add(.unmatchedAnswers)
            noteBad("an answer that matches no open CALL", uniqueID: id, nil)
            copyRefused(message.text, message.head, .unsolicited, nil, "no open CALL has this UniqueId")
            endIfTooBad()
        }
    }

    private func wasAnswered(now: NIODeadline) {
        sendNextCall(now: now)
        // An interval may have been learnt.
        armTimer(now: now)
    }

    private func refuseDuplicate(_ message: OCPPMessage) {
        refuseBad(
            message.text, message.head, .protocolError, "UniqueId: a CALL with this UniqueId is open already",
            reason: .duplicate)
    }

    /// Where no time-out bounds the open CALLs, the oldest goes.
    private func forgetExcess(now: NIODeadline) {
        guard let forgotten = calls.takeForgottenCall() else { return }
        context.counters.add(.openCallsUp, -1)
        log(
            .warning, "open CALL forgotten", ["id": "\(forgotten.uniqueID)", "action": "\(forgotten.action)"],
            forgotten.span)
        if let span = forgotten.span {
            end(span, failedWith: .internalError, reason: "forgotten", "too many CALLs are open", now: now)
        }
        life.forget(forgotten.uniqueID, memory: &calls.upstreamMemory)
    }

    private func relayCall(_ message: OCPPMessage, deadline: NIODeadline?, now: NIODeadline) {
        guard case .call(let action, _) = message.body else { return }
        traffic.callsUp &+= 1
        context.counters.add(.callsUp)
        context.counters.called(.up, action, in: chargePoint.version)
        context.counters.add(.openCallsUp, 1)
        if action == "BootNotification" { boot = BootIdentity(message) }
        // `canCarry` has been asked.
        guard let topic = topic(of: .call, action: action, id: message.uniqueID) else { return }
        let call = UpstreamMessage.Call(
            uniqueID: message.uniqueID, action: action, responseTopic: downstreamTopic, version: chargePoint.version)
        let span = beginSpan(ofCall: message.uniqueID, action: action, to: topic, now: now)
        if let span { calls.trace(message.uniqueID, span) }
        let admission = publish(
            UpstreamMessage(
                topic: topic, payload: message.relay(), kind: .call(call), version: chargePoint.version,
                traceParent: span?.trace.traceparent, deadline: deadline))
        if admission != .accepted { couldNotPublish(message.uniqueID, reason: admission.text, now: now) }
    }

    /// Where a CALL or SEND is published. Nil: its UniqueId cannot stand there.
    private func topic(of type: MessageType, action: String, id: UniqueID) -> Topic? {
        keptTopics.call ?? furtherTopics.request(type, action: action, id: id)
    }

    func relaySend(_ message: OCPPMessage) {
        guard case .send(let action, _) = message.body else { return }
        context.counters.add(.sendsUp)
        // `canCarry` has been asked.
        guard let topic = topic(of: .send, action: action, id: message.uniqueID) else { return }
        publishOrLog(
            UpstreamMessage(
                topic: topic, payload: message.relay(), kind: .send(action: action), version: chargePoint.version))
    }

    /// A message that nobody answers, and that does not go on.
    private func drop(
        _ message: OCPPMessage, reason: RefusalReason, _ code: OCPPErrorCode, _ description: String
    ) {
        noteBad(description, uniqueID: message.uniqueID, code)
        copyRefused(message.text, message.head, reason, code, description)
        endIfTooBad()
    }

    private func relayAnswer(_ message: OCPPMessage, sentAt: NIODeadline?, now: NIODeadline) {
        noteAnswer(message, sentAt: sentAt, now: now)
        if sentAt == nil {
            context.counters.add(.lateAnswers)
            log(.warning, "late answer relayed", ["id": "\(message.uniqueID)"])
        }
        let topic = message.type == .callResult ? furtherTopics.reply(id: message.uniqueID) : nil
        let payload = message.relay()
        let span = extras?.callSenders.span(of: message.uniqueID)
        publishOrLog(
            UpstreamMessage(
                topic: topic ?? furtherTopics.error(id: message.uniqueID), payload: payload,
                kind: .answer(message.uniqueID), version: chargePoint.version, traceParent: span?.trace.traceparent))
        reply(payload, to: message.uniqueID, span)
        // Unless the broker has not taken it, and that was the end.
        if let span = extras?.callSenders.takeSpan(of: message.uniqueID) { end(span, answeredBy: message, now: now) }
    }

    /// Counts the answer to a CALL that went out at `sentAt`; nil: that was given up.
    func noteAnswer(_ message: OCPPMessage, sentAt: NIODeadline?, now: NIODeadline) {
        context.counters.add(message.type == .callResult ? .resultsUp : .errorsUp)
        guard let sentAt else { return }
        context.counters.add(.openCallsDown, -1)
        context.counters.answered(.down, after: now - sentAt)
    }

    /// A message that its schema refuses.
    private func refuse(_ message: OCPPMessage, _ violation: FormatViolation, now: NIODeadline) {
        switch calls.chargePointSentInvalid(uniqueID: message.uniqueID, type: message.type) {
        case .refuse:
            refuseBad(message.text, message.head, violation.code, violation.description, reason: .schema)
        // The open CALL with this UniqueId keeps its right to an answer; this one gets its own.
        case .refuseDuplicate: refuseDuplicate(message)
        case .report(let call):
            noteBad(violation.description, uniqueID: message.uniqueID, violation.code)
            copyRefused(message.text, message.head, .schema, violation.code, violation.description)
            reportAnswer(to: call, message.head, .schema, violation.code, violation.description, now: now)
        case .ignore: drop(message, reason: .schema, violation.code, violation.description)
        }
    }

    /// A text that is no message.
    private func refuse(_ text: ByteBuffer, _ problem: OCPPMessageProblem, now: NIODeadline) {
        switch calls.chargePointSentBad(problem) {
        case .answer(let uniqueID, let code, let description):
            let head = OCPPMessageHead(type: problem.type, uniqueID: uniqueID)
            refuseBad(text, head, code, description, reason: .malformed)
        case .drop(let uniqueID, let description):
            noteBad(description, uniqueID: uniqueID, .malformedMessage)
            copyRefused(
                text, OCPPMessageHead(type: problem.type, uniqueID: uniqueID), .malformed, .malformedMessage,
                description)
            endIfTooBad()
        case .report(let call, let type, let description):
            let head = OCPPMessageHead(type: type, uniqueID: call.uniqueID)
            noteBad(description, uniqueID: call.uniqueID, .malformedMessage)
            copyRefused(text, head, .malformed, .malformedMessage, description)
            reportAnswer(to: call, head, .malformed, .malformedMessage, description, now: now)
        case .ignore(let uniqueID, let description):
            context.counters.add(.unknownTypes)
            log(.warning, "message ignored", ["id": "\(uniqueID ?? "-")", "reason": "\(description)"])
            copyRefused(text, OCPPMessageHead(uniqueID: uniqueID), .malformed, nil, description)
        case .endNotUTF8:
            noteBad("not UTF-8", uniqueID: nil, .malformedMessage)
            copyRefused(text, OCPPMessageHead(), .malformed, .malformedMessage, "not UTF-8")
            end(.notUTF8)
        }
    }

    /// The charge point's answer to `call` cannot be used: who sent the CALL is told. The next CALL may go out.
    private func reportAnswer(
        to call: DownstreamQueue.Call, _ head: OCPPMessageHead, _ reason: UndeliveredReason, _ code: OCPPErrorCode,
        _ description: String, now: NIODeadline
    ) {
        context.counters.add(.openCallsDown, -1)
        if call.isOperators {
            operatorCallFailed(call, .unusableAnswer(description))
        } else {
            report(
                reason, head, code, "the charge point's answer: \(description)",
                extras?.callSenders.takeSpan(of: call.uniqueID))
        }
        refuseResult(call.uniqueID, type: head.type, code, description)
        sendNextCall(now: now)
        endIfTooBad()
    }

    // MARK: What is bad about it

    /// Counts and logs a message that is not as it should be.
    private func noteBad(_ description: String, uniqueID: UniqueID?, _ code: OCPPErrorCode?) {
        traffic.badMessages &+= 1
        needExtras().lastBadMessage = BadMessageNote(
            milliseconds: WallClock.milliseconds(), code: code?.name(in: chargePoint.version), description: description)
        context.counters.add(.badMessages)
        context.counters.wasBad(.up, code, in: chargePoint.version)
        log(.warning, "bad message from the charge point", ["id": "\(uniqueID ?? "-")", "reason": "\(description)"])
    }

    private func endIfTooBad() {
        if calls.hasTooManyBadMessages { end(.tooManyBadMessages) }
    }

    /// Answers a bad message with a CALLERROR.
    private func refuseBad(
        _ text: ByteBuffer, _ head: OCPPMessageHead, _ code: OCPPErrorCode, _ description: String,
        reason: RefusalReason
    ) {
        noteBad(description, uniqueID: head.uniqueID, code)
        copyRefused(text, head, reason, code, description)
        sendError(head.uniqueID, code, description)
        endIfTooBad()
    }
}

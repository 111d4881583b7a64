import JSONText
import Logging
import NIOCore
import OCPPJ
import OutsideNames

// What comes from the charge point, and what it is answered.
extension ChargePointSession {
    // MARK: From the charge point

    /// Any frame has arrived.
    package func showedLife(isPong: Bool) {
        machine.showedLife(isPong: isPong, now: .now())
    }

    /// One whole text message has arrived.
    package func received(text: ByteBuffer) {
        guard !isEnded else { return }
        if hold != nil {
            machine.upstreamMemory.force(text.readableBytes)
            heldTexts.append(text)
            return
        }
        let now = NIODeadline.now()
        guard machine.mayReceive(now: now) else {
            return pause(.rate, holding: text)
        }
        handle(text, now: now)
    }

    func pause(_ reason: SessionStateMachine.Hold, holding text: ByteBuffer) {
        machine.upstreamMemory.force(text.readableBytes)
        heldTexts.prepend(text)
        let wasReading = hold == nil
        hold = reason
        armTimer()
        guard wasReading else { return }
        connection.pauseReading()
        log(.debug, "reading paused", ["reason": "\(reason)"])
    }

    /// Goes on with what waits for open CALLs, and with the messages held behind it, as far as the rules let them pass.
    func releaseHeld() {
        // A CALL that the broker does not take makes room for the next, which is this loop's to find.
        guard !isReleasing else { return }
        isReleasing = true
        defer { isReleasing = false }
        while !isEnded, let (message, action) = machine.takeWaitingCall(linkIsUp: link.isUp, now: .now()) {
            perform(action, with: message)
        }
        guard let reason = hold, !isEnded else { return }
        // A message held for its rate has not been counted yet; one held for open CALLs has.
        var isCounted = reason == .openCalls
        let now = NIODeadline.now()
        while !isEnded, let text = heldTexts.popFirst() {
            machine.upstreamMemory.give(text.readableBytes)
            guard isCounted || machine.mayReceive(now: now) else { return pause(.rate, holding: text) }
            isCounted = false
            guard handle(text, now: now) else { return }
        }
        guard !isEnded else { return }
        hold = nil
        connection.resumeReading()
    }

    /// False: it is held for later.
    @discardableResult
    func handle(_ text: ByteBuffer, now: NIODeadline) -> Bool {
        logFrame("frame received", text)
        do throws(OCPPMessageProblem) {
            guard let checking = context.formatChecking(of: .upstream) else {
                return handle(try OCPPMessage.parse(frame: text, version: chargePoint.version), now: now)
            }
            var violation: FormatViolation?
            let message = try OCPPMessage.parse(
                frame: text, version: chargePoint.version, limits: MessageLimits(enforcesUniqueIDLength: true)
            ) { (owner, scanner) throws(JSONSyntaxError) in
                let found = try checking.walk(owner, of: chargePoint.version, from: .upstream, &scanner) {
                    machine.downstreamAction(of: $0)
                }
                violation = found
            }
            if let violation { handle(violation, of: message) } else { return handle(message, now: now) }
            return true
        } catch {
            handle(error, text: text)
            return true
        }
    }

    /// False: it is held for later.
    func handle(_ message: OCPPMessage, now: NIODeadline) -> Bool {
        if !topics.canCarry(message) {
            machine.chargePointSentUnpublishableCall()
            guard message.type == .call else {
                drop(
                    message, reason: "malformed", .malformedMessage,
                    "UniqueId: holds a character that may not stand in a topic")
                return true
            }
            refuseBad(
                message.text, uniqueID: message.uniqueID, type: .call, .malformedMessage,
                "UniqueId: holds a character that may not stand in a topic", reason: "malformed")
            return true
        }
        let action = machine.chargePointSent(message, linkIsUp: link.isUp, now: now)
        if action == .hold {
            pause(.openCalls, holding: message.text)
            return false
        }
        perform(action, with: message)
        return true
    }

    private func perform(_ action: SessionStateMachine.UpstreamAction, with message: OCPPMessage) {
        let id = message.uniqueID
        switch action {
        case .hold: break
        case .wait: armTimer()
        case .dropRetry:
            context.counters.add(.retries)
            log(.info, "CALL sent again while it is open: swallowed", ["id": "\(id)"])
        case .relayCall(let deadline):
            relayCall(message, deadline: deadline)
            if let forgotten = machine.takeForgottenCall() {
                log(.warning, "open CALL forgotten", ["id": "\(forgotten.uniqueID)", "action": "\(forgotten.action)"])
                forgetUnpublished(forgotten.uniqueID)
            }
            armTimer()
        case .refuseCall(let code, let description):
            if code == .internalError {
                context.counters.add(.refusedForBroker)
                refuseCall(id, code, description, level: .warning)
            } else {
                refuseBad(message.text, uniqueID: id, type: .call, code, description, reason: "duplicate")
            }
        case .relayAnswer(let isLate):
            relayAnswer(message, isLate: isLate)
            sendNextCall()
            // An interval may have been learnt.
            armTimer()
        case .relaySend: relaySend(message)
        case .dropSend(let reason):
            context.counters.add(.droppedSends)
            log(.warning, "SEND dropped", ["id": "\(id)", "reason": "\(reason)"])
        case .relayResultError:
            context.counters.add(.errorsUp)
            publishOrLog(
                UpstreamMessage(
                    topic: topics.error(id: id, type: .callResultError), payload: message.relay(), kind: .resultError,
                    version: chargePoint.version))
        case .dropUnmatchedAnswer:
            context.counters.add(.unmatchedAnswers)
            noteBad("an answer that matches no open CALL", uniqueID: id)
            publishInvalid(message.text, message.head, "unsolicited", nil, "no open CALL has this UniqueId")
            endIfTooBad()
        }
    }

    func relayCall(_ message: OCPPMessage, deadline: NIODeadline?) {
        guard case .call(let action, _) = message.body else { return }
        callsUp += 1
        context.counters.add(.callsUp)
        // `canCarry` has been asked.
        guard let topic = topics.request(.call, action: action, id: message.uniqueID) else { return }
        let call = UpstreamMessage.Call(
            uniqueID: message.uniqueID, action: action, responseTopic: topics.downstream, version: chargePoint.version)
        publishOrLog(
            UpstreamMessage(
                topic: topic, payload: message.relay(), kind: .call(call), version: chargePoint.version,
                deadline: deadline))
    }

    func relaySend(_ message: OCPPMessage) {
        guard case .send(let action, _) = message.body else { return }
        context.counters.add(.sendsUp)
        // `canCarry` has been asked.
        guard let topic = topics.request(.send, action: action, id: message.uniqueID) else { return }
        publishOrLog(
            UpstreamMessage(
                topic: topic, payload: message.relay(), kind: .send(action: action), version: chargePoint.version))
    }

    /// A message that nobody answers, and that does not go on.
    private func drop(_ message: OCPPMessage, reason: String, _ code: OCPPErrorCode, _ description: String) {
        noteBad(description, uniqueID: message.uniqueID)
        publishInvalid(message.text, message.head, reason, code, description)
        endIfTooBad()
    }

    /// OCPP 2.1: the charge point hears that its answer could not be used (OCPP-J 2.1, 4.2.4).
    private func refuseResult(_ uniqueID: UniqueID, type: MessageType, _ code: OCPPErrorCode, _ description: String) {
        guard type == .callResult, chargePoint.version.defines(.callResultError) else { return }
        let name = code.name(in: chargePoint.version)
        send(GatewayError(uniqueID: uniqueID, code: name, description: description).frame(.callResultError))
    }

    func relayAnswer(_ message: OCPPMessage, isLate: Bool) {
        if isLate {
            context.counters.add(.lateAnswers)
            log(.warning, "late answer relayed", ["id": "\(message.uniqueID)"])
        }
        let topic: Topic?
        if message.type == .callResult {
            context.counters.add(.resultsUp)
            topic = topics.reply(id: message.uniqueID)
        } else {
            context.counters.add(.errorsUp)
            topic = topics.error(id: message.uniqueID)
        }
        let payload = message.relay()
        publishOrLog(
            UpstreamMessage(
                topic: topic ?? topics.error(id: message.uniqueID), payload: payload, kind: .answer(message.uniqueID),
                version: chargePoint.version))
        reply(payload, to: message.uniqueID)
    }

    /// A message that its schema refuses.
    private func handle(_ violation: FormatViolation, of message: OCPPMessage) {
        let id = message.uniqueID
        switch machine.chargePointSentInvalid(uniqueID: id, type: message.type) {
        case .refuse(let isOpen):
            // The open CALL with this UniqueId keeps its right to an answer; this one gets its own.
            if isOpen {
                let description = "UniqueId: a CALL with this UniqueId is open already"
                refuseBad(
                    message.text, uniqueID: id, type: .call, .protocolError, description, reason: "duplicate")
            } else {
                refuseBad(
                    message.text, uniqueID: id, type: .call, violation.code, violation.description, reason: "schema")
            }
        case .report:
            noteBad(violation.description, uniqueID: id)
            publishInvalid(message.text, message.head, "schema", violation.code, violation.description)
            report(
                "schema", message.head, violation.code, "the charge point's answer: \(violation.description)")
            refuseResult(id, type: message.type, violation.code, violation.description)
            sendNextCall()
            endIfTooBad()
        case .ignore: drop(message, reason: "schema", violation.code, violation.description)
        }
    }

    func handle(_ problem: OCPPMessageProblem, text: ByteBuffer) {
        switch machine.chargePointSentBad(problem) {
        case .answer(let uniqueID, let code, let description):
            refuseBad(text, uniqueID: uniqueID, type: problem.type, code, description, reason: "malformed")
        case .drop(let uniqueID, let description):
            noteBad(description, uniqueID: uniqueID)
            publishInvalid(
                text, OCPPMessageHead(type: problem.type, uniqueID: uniqueID), "malformed", .malformedMessage,
                description)
            endIfTooBad()
        case .report(let uniqueID, let type, let description):
            let head = OCPPMessageHead(type: type, uniqueID: uniqueID)
            noteBad(description, uniqueID: uniqueID)
            publishInvalid(text, head, "malformed", .malformedMessage, description)
            report("malformed", head, .malformedMessage, "the charge point's answer: \(description)")
            refuseResult(uniqueID, type: type, .malformedMessage, description)
            sendNextCall()
            endIfTooBad()
        case .ignore(let uniqueID, let description):
            context.counters.add(.unknownTypes)
            log(.warning, "message ignored", ["id": "\(uniqueID ?? "-")", "reason": "\(description)"])
            publishInvalid(text, OCPPMessageHead(uniqueID: uniqueID), "malformed", nil, description)
        case .endNotUTF8:
            noteBad("not UTF-8", uniqueID: nil)
            publishInvalid(text, OCPPMessageHead(), "malformed", .malformedMessage, "not UTF-8")
            end(.notUTF8)
        }
    }

    // MARK: To the charge point

    /// Answers a bad message with a CALLERROR.
    func refuseBad(
        _ text: ByteBuffer, uniqueID: UniqueID?, type: MessageType?, _ code: OCPPErrorCode, _ description: String,
        reason: String
    ) {
        noteBad(description, uniqueID: uniqueID)
        publishInvalid(text, OCPPMessageHead(type: type, uniqueID: uniqueID), reason, code, description)
        sendError(uniqueID, code, description)
        endIfTooBad()
    }

    func refuseCall(_ uniqueID: UniqueID, _ code: OCPPErrorCode, _ description: String, level: Logger.Level) {
        log(level, "CALL refused", ["id": "\(uniqueID)", "reason": "\(description)"])
        sendError(uniqueID, code, description)
    }

    func sendError(_ uniqueID: UniqueID?, _ code: OCPPErrorCode, _ description: String) {
        let name = code.name(in: chargePoint.version)
        send(GatewayError(uniqueID: uniqueID, code: name, description: description).frame())
    }

    func send(_ frame: ByteBuffer) {
        logFrame("frame sent", frame)
        connection.send(text: frame)
    }

    func noteBad(_ description: String, uniqueID: UniqueID?) {
        badMessages += 1
        context.counters.add(.badMessages)
        log(.warning, "bad message from the charge point", ["id": "\(uniqueID ?? "-")", "reason": "\(description)"])
    }

    func endIfTooBad() {
        if machine.hasTooManyBadMessages { end(.tooManyBadMessages) }
    }

    func sendCall(_ call: DownstreamQueue.Call) {
        callsDown += 1
        context.counters.add(.callsDown)
        send(call.frame)
        armTimer()
    }

    func sendNextCall() {
        let now = NIODeadline.now()
        reportExpired(now: now)
        if let call = machine.nextCall(now: now) { sendCall(call) }
    }
}

import JSONText
import Logging
import NIOCore
import OCPPJ
import OutsideNames

// CALLs of operators: they wait with the central system's, and their answers go to who asked, alone.
extension ChargePointSession {
    /// The longest time that an operator waits for an answer.
    package static let longestOperatorTimeout = TimeAmount.hours(1)

    /// Sends a CALL in its turn, and waits for what becomes of it, at most for the CALL's time-out.
    package func call(_ request: OperatorCall) async -> (uniqueID: UniqueID, outcome: OperatorCallOutcome) {
        let id = OperatorCall.newUniqueID()
        let outcome = await withCheckedContinuation { continuation in
            call(request, id) { continuation.resume(returning: $0) }
        }
        return (uniqueID: id, outcome: outcome)
    }

    /// - Parameter answer: called once, on the session's event loop.
    func call(
        _ request: OperatorCall, _ id: UniqueID, answer: @escaping @Sendable (OperatorCallOutcome) -> Void
    ) {
        guard !isEnded else { return answer(.disconnected) }
        let now = now
        do throws(Refusal) {
            let due = now + min(max(request.timeout, .zero), Self.longestOperatorTimeout)
            let call = try checked(request, id, expires: due)
            let span = beginSpan(ofCallDown: id, action: call.action, traceParent: nil, now: now)
            log(.info, "CALL of an operator", ["id": "\(id)", "action": "\(call.action)"], span)
            if let span { needExtras().callSenders.note(span, of: id) }
            needExtras().operatorCalls.add(id, due: due, answer)
            switch calls.centralSystemSent(call, now: now) {
            case .send: sendCall(call, now: now)
            case .wait: callWaits(now: now)
            case .refuse(let reason, _): operatorCallFailed(call, reason == .expired ? .timedOut : .queueFull)
            // 128 random bits twice.
            case .dropDuplicate: operatorCallFailed(call, .queueFull)
            }
        } catch {
            answer(.refused(error.reason))
        }
    }

    private struct Refusal: Error {
        var reason: String
    }

    private func checked(
        _ request: OperatorCall, _ id: UniqueID, expires: NIODeadline
    ) throws(Refusal) -> DownstreamQueue.Call {
        let frame = request.frame(id)
        guard frame.readableBytes <= calls.ruleSet.settings.maxMessageSize else {
            throw Refusal(reason: "longer than \(calls.ruleSet.settings.maxMessageSize) bytes")
        }
        var violation: FormatViolation?
        let message: OCPPMessage
        do throws(OCPPMessageProblem) {
            message = try OCPPMessage.parse(frame: frame, version: chargePoint.version) {
                (owner, scanner) throws(JSONSyntaxError) in
                guard let checking = calls.ruleSet.formatChecking else {
                    return try PayloadOwner.skipPayload(owner, &scanner)
                }
                violation = try checking.walk(owner, of: chargePoint.version, from: .downstream, &scanner) { _ in nil }
            }
        } catch {
            switch error {
            case .malformed(_, _, let reason): throw Refusal(reason: reason)
            case .unknownMessageType, .notUTF8: throw Refusal(reason: "not UTF-8")
            }
        }
        if let violation { throw Refusal(reason: violation.description) }
        return DownstreamQueue.Call(
            uniqueID: id, action: request.action, frame: message.frame(), expires: expires,
            heartbeatInterval: message.requestedHeartbeatInterval, isOperators: true)
    }

    /// The charge point has answered.
    func answerOperator(_ message: OCPPMessage, sentAt: NIODeadline?, now: NIODeadline) {
        noteAnswer(message, sentAt: sentAt, now: now)
        let span = extras?.callSenders.takeSpan(of: message.uniqueID)
        if let span { end(span, answeredBy: message, now: now) }
        let outcome = OperatorCallOutcome(message)
        guard let answer = extras?.operatorCalls.take(message.uniqueID) else {
            return log(.info, "answer to an operator who waits no longer", ["id": "\(message.uniqueID)"], span)
        }
        log(.info, "answer to an operator's CALL", ["id": "\(message.uniqueID)", "type": "\(message.type)"], span)
        answer(outcome)
    }

    func operatorCallFailed(_ call: DownstreamQueue.Call, _ outcome: OperatorCallOutcome) {
        let span = extras?.callSenders.takeSpan(of: call.uniqueID)
        if let span {
            end(span, failedWith: .genericError, reason: outcome.reason, "no answer of the charge point", now: now)
        }
        guard let answer = extras?.operatorCalls.take(call.uniqueID) else { return }
        log(
            .info, "operator's CALL without an answer", ["id": "\(call.uniqueID)", "action": "\(call.action)"], span)
        answer(outcome)
    }

    /// The CALL itself stays with the charge point until `dnstream.call_timeout`, as every CALL does.
    func operatorCallsFellDue(now: NIODeadline) {
        while let (id, answer) = extras?.operatorCalls.takeDue(now: now) {
            log(.info, "operator's CALL without an answer in time", ["id": "\(id)"], extras?.callSenders.span(of: id))
            answer(.timedOut)
        }
    }
}

extension OperatorCallOutcome {
    /// Why there is no answer, as a trace has it.
    fileprivate var reason: String {
        switch self {
        case .result, .error: "answered"
        case .unusableAnswer: "unusable_answer"
        case .refused: "refused"
        case .queueFull: UndeliveredReason.queueFull.rawValue
        case .timedOut: UndeliveredReason.callTimeout.rawValue
        case .disconnected: UndeliveredReason.disconnected.rawValue
        }
    }

    fileprivate init(_ answer: OCPPMessage) {
        switch answer.body {
        case .callError(let code, let description, let details),
            .callResultError(let code, let description, let details):
            self = .error(
                code: answer.part(code, else: "\"\""), description: answer.part(description, else: "\"\""),
                details: answer.part(details, else: "{}"))
        case .callResult(let payload), .call(_, let payload), .send(_, let payload):
            self = .result(answer.part(payload, else: "{}"))
        }
    }
}

extension OCPPMessage {
    /// A copy of a part of the text: the text may be a small part of what a socket has read.
    fileprivate func part(_ range: Range<Int>?, else fallback: String) -> ByteBuffer {
        guard let range else { return ByteBuffer(string: fallback) }
        return text.withUnsafeReadableBytes { ByteBuffer(bytes: $0[range]) }
    }
}

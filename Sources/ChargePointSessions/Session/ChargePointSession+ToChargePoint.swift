import CallTracing
import NIOCore
import OCPPJ
import OutsideNames
import Tracing

// What goes to the charge point.
extension ChargePointSession {
    func send(_ frame: ByteBuffer, _ type: MessageType) {
        logFrame("frame sent", frame)
        traffic.sent(frame.readableBytes)
        context.counters.passed(.down, type, bytes: frame.readableBytes)
        if let taps = extras?.taps { show(frame, .down, to: taps) }
        connection.send(text: frame)
    }

    func sendCall(_ call: DownstreamQueue.Call, now: NIODeadline) {
        traffic.callsDown &+= 1
        context.counters.add(.callsDown)
        context.counters.called(.down, call.action, in: chargePoint.version)
        context.counters.add(.openCallsDown, 1)
        send(call.frame, .call)
        extras?.callSenders.span(of: call.uniqueID)?.addEvent("sent to the charge point")
        armTimer(now: now)
    }

    /// The next CALL that waits, when none is unanswered.
    func sendNextCall(now: NIODeadline) {
        reportExpired(now: now)
        guard let call = calls.nextCall(now: now) else { return }
        context.counters.add(.queuedCalls, -1)
        sendCall(call, now: now)
    }

    /// The gateway's own CALLERROR.
    func sendError(_ uniqueID: UniqueID?, _ code: OCPPErrorCode, _ description: String) {
        let name = code.name(in: chargePoint.version)
        send(GatewayError(uniqueID: uniqueID, code: name, description: description).frame(), .callError)
    }

    /// Nothing is wrong with the CALL, but it cannot be relayed.
    func refuseCall(
        _ uniqueID: UniqueID, _ code: OCPPErrorCode, _ description: String, _ span: CallSpan? = nil
    ) {
        log(.warning, "CALL refused", ["id": "\(uniqueID)", "reason": "\(description)"], span)
        sendError(uniqueID, code, description)
    }

    /// OCPP 2.1: the charge point hears that its answer could not be used (OCPP-J 2.1, 4.2.4).
    func refuseResult(_ uniqueID: UniqueID, type: MessageType?, _ code: OCPPErrorCode, _ description: String) {
        guard type == .callResult, chargePoint.version.defines(.callResultError) else { return }
        let name = code.name(in: chargePoint.version)
        send(
            GatewayError(uniqueID: uniqueID, code: name, description: description).frame(.callResultError),
            .callResultError)
    }
}

import CallTracing
import NIOCore
import OCPPJ
import OutsideNames
import Tracing

// Spans of CALLs. Where nothing is traced each of these is one comparison.
extension ChargePointSession {
    /// Of a CALL of the charge point from its publishing to its answer: the back end's work is done for it.
    func beginSpan(ofCall id: UniqueID, action: String, to topic: Topic, now: NIODeadline) -> CallSpan? {
        guard let tracer = context.tracer,
            let span = tracer.span(spanName(action), ofKind: .client, began: now, now: now)
        else { return nil }
        describe(span, id, action: action, direction: "up")
        span.updateAttributes { $0["messaging.destination.name"] = topic.text.boundedForSpan }
        log(.debug, "CALL is traced", ["id": "\(id)", "action": "\(action)"], span)
        return span
    }

    /// Of a CALL towards the charge point from its arrival to its answer, as a part of what its sender does.
    ///
    /// - Parameters:
    ///   - action: nil: nobody knows, the CALL is refused before it is read.
    ///   - traceParent: as its sender has put it; nil: it has put none.
    func beginSpan(
        ofCallDown id: UniqueID, action: String?, traceParent: String?, now: NIODeadline
    ) -> CallSpan? {
        guard let tracer = context.tracer,
            let span = tracer.span(
                spanName(action), parent: traceParent.flatMap { TraceContext(traceparent: $0) }, ofKind: .server,
                began: now, now: now)
        else { return nil }
        describe(span, id, action: action, direction: "down")
        span.updateAttributes { $0["messaging.destination.name"] = downstreamTopic.text.boundedForSpan }
        log(.debug, "CALL is traced", ["id": "\(id)", "action": "\(action ?? "-")"], span)
        return span
    }

    /// Of a message from the broker that is refused before it can go anywhere; nil, too, where it is no CALL.
    func beginSpan(ofRefused head: OCPPMessageHead, _ downstream: DownstreamMessage) -> CallSpan? {
        guard context.tracer != nil, head.type == .call else { return nil }
        return beginSpan(
            ofCallDown: head.uniqueID ?? GatewayError.unknownUniqueID, action: nil,
            traceParent: downstream.traceParent, now: now)
    }

    /// Few names: an action that OCPP does not define is none.
    private func spanName(_ action: String?) -> String {
        guard let action else { return "refused CALL" }
        let actions = ActionIndex.all[chargePoint.version.index]
        let name = actions.name(ofPlace: actions.place(of: action))
        return name == ActionIndex.other ? "other action" : name
    }

    private func describe(_ span: CallSpan, _ id: UniqueID, action: String?, direction: String) {
        span.updateAttributes { attributes in
            attributes["ocpp.identity"] = chargePoint.identity.text.boundedForSpan
            attributes["ocpp.version"] = chargePoint.version.rawValue
            attributes["ocpp.direction"] = direction
            attributes["ocpp.unique_id"] = id.text.boundedForSpan
            attributes["ocpp.session"] = sessionID
            attributes["messaging.system"] = "mqtt"
            if let action { attributes["ocpp.action"] = action.boundedForSpan }
        }
    }

    /// The back end has answered the charge point's CALL.
    ///
    /// - Parameter traceParent: of its answer. Where that belongs to another trace, the two are tied together.
    func end(_ span: CallSpan, answeredBy answer: OCPPMessage, traceParent: String?, now: NIODeadline) {
        if let other = traceParent.flatMap({ TraceContext(traceparent: $0) }), other.traceID != span.trace.traceID {
            var context = InstrumentationContext.topLevel
            context.trace = other
            span.addLink(SpanLink(context: context, attributes: [:]))
        }
        end(span, answeredBy: answer, now: now)
    }

    func end(_ span: CallSpan, answeredBy answer: OCPPMessage, now: NIODeadline) {
        if let code = answer.errorCodeForSpan { span.note(errorCode: code, description: code) }
        span.end(now: now)
    }

    /// The CALL has no answer but what the gateway itself says.
    func end(
        _ span: CallSpan, failedWith code: OCPPErrorCode, reason: String, _ description: String, now: NIODeadline
    ) {
        span.updateAttributes { $0["ocpp.reason"] = reason }
        span.note(errorCode: code.name(in: chargePoint.version), description: description)
        span.end(now: now)
    }
}

extension CallSpan {
    fileprivate func note(errorCode: String, description: String) {
        updateAttributes { attributes in
            attributes["ocpp.error_code"] = errorCode
            attributes["error.type"] = errorCode
        }
        setStatus(SpanStatus(code: .error, message: description.boundedForSpan))
    }
}

extension String {
    /// A collector need not take more than this of a text that somebody outside has chosen.
    package var boundedForSpan: String {
        utf8.count <= 255 ? self : String(decoding: utf8.prefix(252), as: UTF8.self) + "..."
    }
}

extension OCPPMessage {
    /// Of a CALLERROR; what else is in one stays out of traces.
    fileprivate var errorCodeForSpan: String? {
        guard case .callError(let code, _, _) = body else { return nil }
        return text.withUnsafeReadableBytes {
            String(decoding: $0[code].dropFirst().dropLast().prefix(64), as: UTF8.self)
        }
    }
}

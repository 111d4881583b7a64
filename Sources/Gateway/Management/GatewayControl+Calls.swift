import ChargePointSessions
import Management
import NIOCore
import OCPPJ
import OutsideNames

// CALLs of operators, and the schemas of what may be in them.
extension GatewayControl {
    func call(_ session: SessionKey, _ call: ChargePointCall) async throws(OperationFailure) -> ChargePointAnswer {
        guard let session = self.session(session) else { throw .notFound("the charge point is not connected") }
        let version = session.chargePoint.version
        if let flaw = await flaw(in: call, version) { throw .refused(flaw) }
        let timeout = call.timeout.map(TimeAmount.init) ?? callTimeout(ofListener: session.chargePoint.listener)
        let (id, outcome) = await session.call(
            OperatorCall(action: call.action, payload: call.payload, timeout: timeout))
        switch outcome {
        case .result(let payload): return ChargePointAnswer(uniqueID: id, outcome: .result(payload))
        case .error(let code, let description, let details):
            return ChargePointAnswer(
                uniqueID: id, outcome: .error(code: code.shown, description: description.shown, details: details))
        case .unusableAnswer(let reason): throw .failed("the charge point's answer is of no use: \(reason)")
        case .refused(let reason): throw .refused(reason)
        case .queueFull: throw .queueFull
        case .timedOut: throw .timedOut
        case .disconnected: throw .disconnected
        }
    }

    /// `dnstream.call_timeout`.
    private func callTimeout(ofListener name: String) -> TimeAmount {
        let listener = service.configuration.listeners.first { $0.configuration.id.shortName == name }
        return (listener?.sessions ?? SessionSettings()).callTimeout
    }

    /// Why this cannot be sent; nil: it can. Checked whether message format checking is on or not, since a person
    /// waits for the answer.
    private func flaw(in call: ChargePointCall, _ version: OCPPVersion) async -> String? {
        let checking = service.configuration.formatChecking
        let action = call.action
        guard !checking.exempt.contains(action) else { return nil }
        let name = version.signedActionName(action) ?? action
        switch version.actions.sender(of: name) {
        case .chargePoint: return "\(action): only a charge point may send it"
        case .centralSystem, .either: break
        case nil:
            guard await service.sight.schemas.defines(name, in: version, checking) else {
                return "\(action): OCPP \(version.rawValue) does not define it"
            }
        }
        return await service.sight.schemas.flaw(in: call.payload, of: action, in: version, checking)
    }

    // MARK: Schemas

    func actions(toChargePointIn version: String) async -> [String]? {
        known(version).map { version in version.actions.actions.filter { version.sendsDown($0) } }
    }

    func requestSchema(of action: String, in version: String) async -> ByteBuffer? {
        guard let version = known(version), version.sendsDown(action) else { return nil }
        return await service.sight.schemas.document(of: action, in: version, service.configuration.formatChecking)
    }

    /// Nil: no listener supports it.
    private func known(_ version: String) -> OCPPVersion? {
        service.configuration.formatChecking.versions.first { $0.rawValue.hasSameBytes(as: version) }
    }
}

extension OCPPVersion {
    /// Whether the central system may send the action, as a CALL.
    fileprivate func sendsDown(_ action: String) -> Bool {
        switch actions.sender(of: action) {
        case .centralSystem, .either: !actions.isSend(action)
        case .chargePoint, nil: false
        }
    }
}

extension ByteBuffer {
    /// A JSON text: a string's characters, anything else as it is spelt.
    fileprivate var shown: String { (try? JSON(reading: self))?.string ?? String(buffer: self) }
}

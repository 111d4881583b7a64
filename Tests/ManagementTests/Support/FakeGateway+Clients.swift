import Management
import NIOCore
import OutsideNames

extension FakeGateway {
    func roster(changedSince revision: UInt64?) -> ClientRoster? {
        guard revision != rosterRevision else { return nil }
        return ClientRoster(revision: rosterRevision, entries: sessions.map(\.snapshot.entry))
    }

    func snapshots(of keys: [SessionKey]) -> [ClientSnapshot] {
        if indexRevision != rosterRevision {
            indexes = Dictionary(uniqueKeysWithValues: sessions.indices.map { (sessions[$0].snapshot.entry.key, $0) })
            indexRevision = rosterRevision
        }
        return keys.compactMap { key in indexes[key].map { sessions[$0].snapshot } }
    }

    func holder(of identity: ChargePointIdentity) -> String? { claims[identity] }

    func kick(_ session: SessionKey) -> Bool {
        guard index(of: session) != nil else { return false }
        disconnect(session)
        return true
    }

    func subscriptions(of session: SessionKey) -> [ClientSubscription]? {
        index(of: session).map { index in
            [ClientSubscription(topic: "ocpp/cs/\(sessions[index].snapshot.entry.identity)", qos: 1)]
        }
    }

    func call(_ session: SessionKey, _ call: ChargePointCall) throws(OperationFailure) -> ChargePointAnswer {
        guard let index = index(of: session) else { throw .notFound("gone") }
        guard call.action == "Reset" else { throw .refused("\(call.action) is no action of the central system") }
        guard String(buffer: call.payload).contains("\"type\"") else {
            throw .refused("/type: missing, but required")
        }
        sessions[index].calls.append(call)
        let id = UniqueID("gw-\(sessions[index].calls.count)")
        switch sessions[index].behaviour {
        case .accepts:
            return ChargePointAnswer(uniqueID: id, outcome: .result(ByteBuffer(string: #"{"status":"Accepted"}"#)))
        case .refuses:
            return ChargePointAnswer(
                uniqueID: id,
                outcome: .error(code: "NotSupported", description: "", details: ByteBuffer(string: "{}")))
        case .silent: throw .timedOut
        case .leaves: throw .disconnected
        case .queueIsFull: throw .queueFull
        }
    }

    private func index(of key: SessionKey) -> Int? {
        sessions.firstIndex { $0.snapshot.entry.key == key }
    }

    func actions(toChargePointIn version: String) -> [String]? {
        version == "1.6" ? ["Reset", "ChangeConfiguration"] : nil
    }

    func requestSchema(of action: String, in version: String) -> ByteBuffer? {
        guard actions(toChargePointIn: version)?.contains(action) ?? false else { return nil }
        return ByteBuffer(string: #"{"title":"\#(action)Request","type":"object"}"#)
    }

    func watchFrames(
        of session: SessionKey, _ sink: @escaping @Sendable (FrameEvent) -> Void, ended: @escaping @Sendable () -> Void
    ) -> Watch? {
        guard index(of: session) != nil else { return nil }
        nextSink += 1
        frameSinks[nextSink] = (session, sink, ended)
        return watch(nextSink)
    }

    func watchEvents(_ sink: @escaping @Sendable (GatewayEvent) -> Void) -> Watch {
        nextSink += 1
        eventSinks[nextSink] = sink
        return watch(nextSink)
    }

    func watchLog(
        of subject: TraceSubject, as form: TraceForm, _ sink: @escaping @Sendable (String) -> Void
    ) -> Watch {
        nextSink += 1
        logSinks[nextSink] = (subject, sink)
        return watch(nextSink)
    }

    private func watch(_ number: Int) -> Watch {
        watchersChanged()
        return Watch { Task { await self.unwatch(number) } }
    }

    private func unwatch(_ number: Int) {
        eventSinks[number] = nil
        frameSinks[number] = nil
        logSinks[number] = nil
        watchersChanged()
    }
}

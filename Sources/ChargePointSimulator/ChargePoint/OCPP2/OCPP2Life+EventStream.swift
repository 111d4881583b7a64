import NIOCore

/// The periodic event stream of OCPP 2.1: opened with a CALL when a car charges, told with SENDs, closed with a CALL.
extension OCPP2Life {
    var ownDeadline: NIODeadline? { stream?.nextSample }

    /// The stream's next value is due.
    mutating func ownMoment(at now: NIODeadline) {
        let watts = station.meterReading(.periodic, at: now).watts
        guard var stream else { return }
        let isFull = stream.append(watts, at: now, pace: station.pace)
        self.stream = stream
        if isFull { notifyStream() }
    }

    mutating func openStream() {
        let stream = EventStream(id: streams + 1)
        guard
            station.calls.append(
                CallQueue.Call(action: .openPeriodicEventStream, payload: ["constantStreamData": stream.json]))
        else { return }
        streams += 1
        self.stream = stream
    }

    mutating func streamAnswered(isAccepted: Bool, at now: NIODeadline) {
        guard stream?.isOpen == false else { return }
        if isAccepted {
            stream?.opened(at: now, pace: station.pace)
        } else {
            stream = nil
        }
    }

    mutating func closeStream(at now: NIODeadline) {
        guard let stream else { return }
        // One whose opening has not been answered may be open for the central system.
        if stream.isOpen, station.isConnected { notifyStream() }
        station.calls.append(
            CallQueue.Call(action: .closePeriodicEventStream, payload: ["id": .integer(stream.id)]))
        self.stream = nil
    }

    private mutating func notifyStream() {
        guard let payload = stream?.takeNotification(clock: station.clock) else { return }
        station.send(.send(id: station.calls.nextID(), action: "NotifyPeriodicEventStream", payload: payload))
        station.report(.sendSent)
    }

    mutating func gaveUp(_ call: CallQueue.Call, at now: NIODeadline) {
        if call.action == .openPeriodicEventStream, stream?.isOpen == false { stream = nil }
    }

    /// A stream that is open stays open (OCPP 2.1, N11); one whose opening was lost is none.
    mutating func connectionLost() {
        if stream?.isOpen == false { stream = nil }
    }

    // MARK: Commands

    mutating func adjustStream(_ id: String, _ payload: JSONObject) throws(PayloadFault) {
        let streamID = try payload.integer("id")
        let params = try payload.object("params")
        let interval = try params.optionalInteger("interval")
        let values = try params.optionalInteger("values")
        guard let stream, stream.isOpen, stream.id == streamID else { return reply(id, status: "Rejected") }
        self.stream?.adjust(interval: interval, values: values)
        reply(id, status: "Accepted")
    }

    mutating func getStreams(_ id: String) {
        var payload: JSONObject = [:]
        if let stream, stream.isOpen { payload["constantStreamData"] = [stream.json] }
        station.send(.callResult(id: id, payload: payload))
    }
}

import Counters
import NIOCore
import OCPPJ
import Synchronization

/// What happens in the sessions of one gateway, counted for the statistics line and the metrics (management.md,
/// "Metrics"). What is on the way of a message are additions to fixed places.
package final class SessionCounters: Sendable {
    private struct SessionKind: Hashable {
        var listener: String
        var version: OCPPVersion
    }

    private static let directions = MessageDirection.allCases.count
    private static let labels = MessageLabel.allCases.count
    private static let versions = OCPPVersion.allCases.count
    /// The codes, and one place for none.
    private static let codes = OCPPErrorCode.allCases.count + 1
    private static let actionPlaces = ActionIndex.all.map(\.places).max() ?? 0

    private let counts = CounterSet<SessionCount>()
    private let gauges = CounterSet<SessionGauge>()
    private let sessions = Mutex<[SessionKind: Int]>([:])
    private let ends = CounterTable(places: SessionEndReason.allCases.count)
    private let messages = CounterTable(places: directions * labels)
    private let messageBytes = CounterTable(places: directions * labels)
    private let calls = CounterTable(places: directions * versions * actionPlaces)
    private let bad = CounterTable(places: directions * versions * codes)
    private let reports = CounterTable(places: UndeliveredReason.allCases.count)
    private let seconds = MessageDirection.allCases.map { _ in DurationHistogram() }

    package init() {}

    // MARK: Counting

    package func add(_ count: SessionCount, _ number: Int = 1) {
        counts.add(count, number)
    }

    func add(_ gauge: SessionGauge, _ number: Int) {
        gauges.add(gauge, number)
    }

    func opened(_ chargePoint: ChargePoint) {
        counts.add(.connected)
        let kind = SessionKind(listener: chargePoint.listener, version: chargePoint.version)
        sessions.withLock { $0[kind, default: 0] += 1 }
    }

    func closed(_ chargePoint: ChargePoint, _ reason: SessionEndReason) {
        counts.add(.disconnected)
        ends.add(reason.place)
        let kind = SessionKind(listener: chargePoint.listener, version: chargePoint.version)
        sessions.withLock { $0[kind, default: 0] -= 1 }
    }

    /// What a session leaves is not open any more.
    func left(_ remains: CallRules.Remains, openCalls: Int) {
        gauges.add(.openCallsUp, -openCalls)
        let unanswered = remains.isCallUnanswered ? 1 : 0
        gauges.add(.openCallsDown, -unanswered)
        gauges.add(.queuedCalls, unanswered - remains.downstreamCalls.count)
    }

    /// A message has passed.
    func passed(_ direction: MessageDirection, _ type: MessageType, bytes: Int) {
        let place = Self.place(direction, MessageLabel(type))
        messages.add(place)
        messageBytes.add(place, bytes)
    }

    func called(_ direction: MessageDirection, _ action: String, in version: OCPPVersion) {
        calls.add(
            Self.place(direction, version, of: Self.actionPlaces) + ActionIndex.all[version.index].place(of: action))
    }

    /// A CALL has been answered.
    func answered(_ direction: MessageDirection, after time: TimeAmount) {
        seconds[direction.rawValue].observe(.nanoseconds(time.nanoseconds))
    }

    func wasBad(_ direction: MessageDirection, _ code: OCPPErrorCode?, in version: OCPPVersion) {
        let place = code.flatMap { OCPPErrorCode.allCases.firstIndex(of: $0) } ?? Self.codes - 1
        bad.add(Self.place(direction, version, of: Self.codes) + place)
    }

    /// The sender of a message has been told that it was not delivered.
    package func reported(_ reason: UndeliveredReason) {
        counts.add(.reports)
        reports.add(reason.place)
    }

    private static func place(_ direction: MessageDirection, _ label: MessageLabel) -> Int {
        direction.rawValue * labels + label.rawValue
    }

    private static func place(_ direction: MessageDirection, _ version: OCPPVersion, of places: Int) -> Int {
        (direction.rawValue * versions + version.index) * places
    }

    // MARK: Reading

    package func value(_ count: SessionCount) -> Int { counts.value(count) }

    package func value(_ gauge: SessionGauge) -> Int { gauges.value(gauge) }

    /// Sessions that are there, by listener and version.
    package var sessionsByKind: [(listener: String, version: OCPPVersion, count: Int)] {
        sessions.withLock { $0 }
            .map { (listener: $0.key.listener, version: $0.key.version, count: $0.value) }
            .sorted { ($0.listener, $0.version.index) < ($1.listener, $1.version.index) }
    }

    package func sessionsClosed(_ reason: SessionEndReason) -> Int { ends.value(reason.place) }

    package func messages(_ direction: MessageDirection, _ label: MessageLabel) -> (count: Int, bytes: Int) {
        let place = Self.place(direction, label)
        return (count: messages.value(place), bytes: messageBytes.value(place))
    }

    /// CALLs by action, those that were made alone.
    package func callsByAction(_ direction: MessageDirection) -> [(action: String, count: Int)] {
        Self.summed(direction, calls, places: Self.actionPlaces) { version, place in
            let index = ActionIndex.all[version.index]
            return place < index.places ? index.name(ofPlace: place) : nil
        }
    }

    /// Bad messages by the code of the CALLERROR, those that came alone; `none` is an answer to no CALL.
    package func badMessagesByCode(_ direction: MessageDirection) -> [(code: String, count: Int)] {
        Self.summed(direction, bad, places: Self.codes) { version, place in
            place < OCPPErrorCode.allCases.count ? OCPPErrorCode.allCases[place].name(in: version) : "none"
        }
    }

    package func reports(_ reason: UndeliveredReason) -> Int { reports.value(reason.place) }

    /// From a CALL to its answer.
    package func callSeconds(_ direction: MessageDirection) -> DurationHistogram.Snapshot {
        seconds[direction.rawValue].snapshot
    }

    /// Sums a table over the versions, by name.
    private static func summed(
        _ direction: MessageDirection, _ table: CounterTable, places: Int,
        name: (_ version: OCPPVersion, _ place: Int) -> String?
    ) -> [(String, Int)] {
        var sums: [String: Int] = [:]
        for version in OCPPVersion.allCases {
            for place in 0..<places {
                let count = table.value(Self.place(direction, version, of: places) + place)
                if count > 0, let name = name(version, place) { sums[name, default: 0] += count }
            }
        }
        return sums.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }
}

extension CaseIterable where Self: Equatable, AllCases: RandomAccessCollection, AllCases.Index == Int {
    /// Its place among all cases.
    fileprivate var place: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}

import Logging
import Synchronization

/// The level of all loggers of the process, which changes while they are in use (`log.level`).
final class LogLevelInUse: Sendable {
    private static let levels = Logger.Level.allCases

    private let place: Atomic<Int>

    init(_ level: Logger.Level) {
        place = Atomic(Self.place(of: level))
    }

    var level: Logger.Level { Self.levels[place.load(ordering: .relaxed)] }

    func use(_ level: Logger.Level) {
        place.store(Self.place(of: level), ordering: .relaxed)
    }

    private static func place(of level: Logger.Level) -> Int { levels.firstIndex(of: level) ?? 0 }
}

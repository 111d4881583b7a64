import Glibc

extension LoadRun {
    package enum Mode: Sendable {
        /// So many CALLs open at a time in all: an answer brings the next CALL.
        case closed(open: Int)
        /// So many CALLs a second in all, whatever the answers do.
        case paced(rate: Double)
        /// Each charge point sends one CALL, and then nothing.
        case idle
        /// Connect, as fast as possible, and nothing else.
        case storm

        var name: String {
            switch self {
            case .closed: "closed"
            case .paced: "paced"
            case .idle: "idle"
            case .storm: "storm"
            }
        }
    }

    package struct Plan: Sendable {
        package var mode: Mode
        package var target: LoadTarget
        package var count: Int
        /// Charge points that send in the closed and paced modes, after each has sent one CALL; nil: all of them.
        package var active: Int?
        package var threads = 1
        package var warmUp = Duration.seconds(2)
        package var duration = Duration.seconds(10)
        /// Ends what is measured as soon as enough is counted, with `duration` as its ceiling; nil: time alone does.
        var isEnough: (@Sendable (LoadCounters) -> Bool)?
        /// What the answers that are under way in the end have.
        var patience = Duration.seconds(2)
        /// How often all charge points come and go.
        package var rounds = 1
        /// Pause before memory is read, for the other side to come to rest.
        package var settle = Duration.seconds(1)
        package var responder: Responder.Plan?
        package var gateway: pid_t?
        package var broker: pid_t?

        package init(mode: Mode, target: LoadTarget, count: Int) {
            self.mode = mode
            self.target = target
            self.count = count
        }
    }

    package enum Failure: Error, CustomStringConvertible {
        /// - Parameter reason: of the first of them.
        case nobodyConnected(_ reason: String?)
        case noSuchProcess(pid_t)

        package var description: String {
            switch self {
            case .nobodyConnected(let reason): "no charge point could connect: \(reason ?? "no reason known")"
            case .noSuchProcess(let process): "process \(process) cannot be read in /proc"
            }
        }
    }
}

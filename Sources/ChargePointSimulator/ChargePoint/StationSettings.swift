/// What the central system may set in a charge point, whatever a version of OCPP calls it.
struct StationSettings: Equatable {
    /// In seconds.
    var heartbeatInterval = 60
    /// From one meter value of a transaction to the next, in seconds.
    var sampleInterval = 240
    /// How often a transaction message is sent at the most.
    var transactionAttempts = 3
    /// By how much each repetition of a transaction message waits longer, in seconds.
    var transactionRetryInterval = 10
    /// Whether a driver whom the central system sends is authorized first.
    var authorizesRemoteStarts = false
}

/// A setting's value as texts tell it: a configuration key's in OCPP 1.6, a variable's from 2.0.1 on.
enum SettingValue: Sendable {
    case fixed(String)
    case flag(WritableKeyPath<StationSettings, Bool> & Sendable)
    case number(WritableKeyPath<StationSettings, Int> & Sendable, ClosedRange<Int>)

    var isReadOnly: Bool {
        if case .fixed = self { true } else { false }
    }

    func text(in settings: StationSettings) -> String {
        switch self {
        case .fixed(let text): text
        case .flag(let path): String(settings[keyPath: path])
        case .number(let path, _): String(settings[keyPath: path])
        }
    }

    /// - Returns: whether the text is a value that it may have; only then it has it.
    func set(_ text: String, in settings: inout StationSettings) -> Bool {
        switch self {
        case .fixed:
            return false
        case .flag(let path):
            guard let flag = Bool(text.lowercased()) else { return false }
            settings[keyPath: path] = flag
        case .number(let path, let range):
            guard let number = Int(text), range.contains(number) else { return false }
            settings[keyPath: path] = number
        }
        return true
    }
}

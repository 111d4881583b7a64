/// What is wrong with a backend's settings: a start-up error.
package struct BackendProblem: Error, Sendable, Equatable, CustomStringConvertible {
    /// Below `authentication`: `ssl.cacertfile`.
    package let key: String
    /// Never the value of a secret.
    package let reason: String

    package init(_ key: String, _ reason: String) {
        self.key = key
        self.reason = reason
    }

    package var description: String { "authentication.\(key): \(reason)" }
}

/// All that is wrong with them, to be told at once.
package struct BackendProblems: Error, Sendable, Equatable, CustomStringConvertible {
    package let problems: [BackendProblem]

    package init(_ problems: [BackendProblem]) {
        self.problems = problems
    }

    package var description: String { problems.map(\.description).joined(separator: "\n") }
}

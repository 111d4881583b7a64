import Settings

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

/// Gathers what is wrong with a backend's settings, so that all of it is told at once.
package struct BackendProblemCollection {
    private var gathered: [BackendProblem]

    package init(_ problems: [BackendProblem] = []) {
        gathered = problems
    }

    package var isEmpty: Bool { gathered.isEmpty }
    package var problems: BackendProblems { BackendProblems(gathered) }

    package mutating func add(_ key: String, _ reason: String) {
        gathered.append(BackendProblem(key, reason))
    }

    /// The value, or nil and one problem more.
    package mutating func value<Value>(_ make: () throws(BackendProblem) -> Value) -> Value? {
        do throws(BackendProblem) {
            return try make()
        } catch {
            gathered.append(error)
            return nil
        }
    }

    /// A C library would end a text at a NUL, and take a shorter one.
    package mutating func require(_ text: String, _ key: String) {
        if text.isEmpty { add(key, "expected a value") }
        if text.utf8.contains(0) { add(key, "expected a text without NUL") }
    }
}

extension SettingsReader {
    /// Tries what a backend makes of its settings, so that what it finds wrong is told beside all else that is.
    package mutating func check<Value>(_ make: () throws(BackendProblem) -> Value) {
        guard !layers.isEmpty else { return }
        do throws(BackendProblem) {
            _ = try make()
        } catch {
            problem("authentication.\(error.key)", error.reason)
        }
    }
}

extension SQLTemplate {
    /// The key `query`: it must ask for this charge point.
    package init(query: String, dialect: Dialect) throws(BackendProblem) {
        do throws(CredentialTemplateError) {
            try self.init(query, dialect: dialect)
        } catch {
            throw BackendProblem("query", error.description)
        }
        guard namesIdentity else { throw BackendProblem("query", BackendProblem.namesNobody) }
        guard !statement.utf8.contains(0) else { throw BackendProblem("query", "expected a text without NUL") }
    }
}

extension BackendProblem {
    package static let namesNobody =
        "expected ${clientid}, ${username} or a certificate's placeholder in it: it would find the same for everybody"
}

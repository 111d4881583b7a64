import CBuildCommit

/// Which build of these programs this is.
package struct BuildVersion: Sendable, Equatable {
    package static let current = BuildVersion(number: "0.1.0-dev", commit: String(cString: cbuildcommit()))

    package let number: String
    /// The first digits of its hash, with `-dirty` where files differed from it; nil: not known.
    package let commit: String?

    package init(number: String, commit: String) {
        self.number = number
        self.commit = commit.isEmpty ? nil : commit
    }

    /// `0.1.0 (commit 0123abc)`: the first word is the version.
    package var text: String { number + (commit.map { " (commit \($0))" } ?? "") }
}

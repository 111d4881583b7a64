/// Why a schema file cannot be used.
package struct SchemaProblem: Sendable, Equatable, CustomStringConvertible {
    /// The file, or the directory.
    package var file: String
    /// Where in the file, as a JSON pointer; empty for the whole of it.
    package var pointer: String
    /// What is wrong and what was expected.
    package var reason: String

    package init(file: String, pointer: String = "", reason: String) {
        self.file = file
        self.pointer = pointer
        self.reason = reason
    }

    /// `BootNotification.json#/properties/iccid/maxLenght: unknown keyword`
    package var description: String {
        "\(file)\(pointer.isEmpty ? "" : "#\(pointer)"): \(reason)"
    }
}

/// Everything that is wrong with schema files, so that an operator can mend all of it at once.
package struct SchemaProblems: Error, Sendable, Equatable, CustomStringConvertible {
    /// Never empty.
    package var problems: [SchemaProblem]

    package init(_ problems: [SchemaProblem]) {
        self.problems = problems
    }

    package var description: String {
        problems.map(\.description).joined(separator: "\n")
    }
}

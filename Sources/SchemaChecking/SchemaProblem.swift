/// Why a schema file cannot be used.
public struct SchemaProblem: Sendable, Equatable, CustomStringConvertible {
    /// The file, or the directory.
    public var file: String
    /// Where in the file, as a JSON pointer; empty for the whole of it.
    public var pointer: String
    /// What is wrong and what was expected.
    public var reason: String

    public init(file: String, pointer: String = "", reason: String) {
        self.file = file
        self.pointer = pointer
        self.reason = reason
    }

    /// `BootNotification.json#/properties/iccid/maxLenght: unknown keyword`
    public var description: String {
        "\(file)\(pointer.isEmpty ? "" : "#\(pointer)"): \(reason)"
    }
}

/// Everything that is wrong with schema files, so that an operator can mend all of it at once.
public struct SchemaProblems: Error, Sendable, Equatable, CustomStringConvertible {
    /// Never empty.
    public var problems: [SchemaProblem]

    public init(_ problems: [SchemaProblem]) {
        self.problems = problems
    }

    public var description: String {
        problems.map(\.description).joined(separator: "\n")
    }
}

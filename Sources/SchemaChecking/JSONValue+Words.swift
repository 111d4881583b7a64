extension JSONValue {
    /// As a description shows it.
    var inWords: String {
        switch self {
        case .null: "null"
        case .boolean(let value): value ? "true" : "false"
        case .number(_, let text): text.text
        case .string(let text): text.utf8.isEmpty ? "\"\"" : text.string
        case .array: "an array"
        case .object: "an object"
        }
    }
}

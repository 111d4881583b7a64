import JSONText

/// The values of `enum` or `const`: strings as bytes, all else as trees.
struct ValueSet: Sendable {
    private var texts: [UInt8] = []
    /// Where each string ends in `texts`.
    private var ends: [Int] = []
    private var others: Set<JSONValue> = []
    /// `one of Accepted, Rejected`, for descriptions.
    let inWords: String

    init(_ values: [JSONValue]) {
        for value in values {
            if case .string(let text) = value {
                texts.append(contentsOf: text.utf8)
                ends.append(texts.count)
            } else {
                others.insert(value)
            }
        }
        let words = values.prefix(40).map(\.inWords).joined(separator: ", ")
        inWords = values.count == 1 ? words : "one of \(words)"
    }

    /// Whether the value that a scanner has walked is one of these.
    func contains(_ token: JSONToken, in bytes: UnsafeRawBufferPointer) -> Bool {
        if token.kind == .string {
            guard token.hasEscapes else { return contains(UnsafeRawBufferPointer(rebasing: bytes[token.content])) }
            return ExactText(token.text(in: bytes)).utf8.withUnsafeBytes { contains($0) }
        }
        guard !others.isEmpty else { return false }
        let range = UnsafeRawBufferPointer(rebasing: bytes[token.range])
        guard let value = try? JSONTreeReader.read(range) else { return false }
        return others.contains(value)
    }

    private func contains(_ text: UnsafeRawBufferPointer) -> Bool {
        texts.withUnsafeBytes { texts in
            ends.withUnsafeBufferPointer { ends in
                var start = 0
                for end in ends {
                    if end &- start == text.count, text.hasSameBytes(as: texts, from: start) { return true }
                    start = end
                }
                return false
            }
        }
    }
}

extension JSONValue {
    fileprivate var inWords: String {
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

/// One JSON value as `ReferenceParser` reads it: a tree, with the bytes that each value was read from.
public struct ReferenceValue: Sendable {
    public enum Content: Sendable {
        case object([Member])
        case array([ReferenceValue])
        case string([Unicode.Scalar])
        case number
        case `true`
        case `false`
        case null
    }

    public struct Member: Sendable {
        public var key: ReferenceValue
        public var value: ReferenceValue
    }

    public var content: Content
    /// From the first byte past the last one, a string's quotes included.
    public var range: Range<Int>

    public var members: [Member]? {
        if case .object(let members) = content { members } else { nil }
    }

    public var elements: [ReferenceValue]? {
        if case .array(let elements) = content { elements } else { nil }
    }

    public var scalars: [Unicode.Scalar]? {
        if case .string(let scalars) = content { scalars } else { nil }
    }

    /// A string's text, decoded.
    public var text: String? {
        scalars.map { scalars in
            var text = String.UnicodeScalarView()
            text.append(contentsOf: scalars)
            return String(text)
        }
    }

    /// The value of the first member with this key.
    public subscript(key: String) -> ReferenceValue? {
        members?.first { $0.key.text == key }?.value
    }
}

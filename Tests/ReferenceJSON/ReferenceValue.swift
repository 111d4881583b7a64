/// One JSON value as `ReferenceParser` reads it: a tree, with the bytes that each value was read from.
package struct ReferenceValue: Sendable {
    package enum Content: Sendable {
        case object([Member])
        case array([ReferenceValue])
        case string([Unicode.Scalar])
        case number
        case `true`
        case `false`
        case null
    }

    package struct Member: Sendable {
        package var key: ReferenceValue
        package var value: ReferenceValue
    }

    package var content: Content
    /// From the first byte past the last one, a string's quotes included.
    package var range: Range<Int>

    package var members: [Member]? {
        if case .object(let members) = content { members } else { nil }
    }

    package var elements: [ReferenceValue]? {
        if case .array(let elements) = content { elements } else { nil }
    }

    package var scalars: [Unicode.Scalar]? {
        if case .string(let scalars) = content { scalars } else { nil }
    }

    /// A string's text, decoded.
    package var text: String? {
        scalars.map { scalars in
            var text = String.UnicodeScalarView()
            text.append(contentsOf: scalars)
            return String(text)
        }
    }

    /// The value of the first member with this key.
    package subscript(key: String) -> ReferenceValue? {
        members?.first { $0.key.text == key }?.value
    }
}

/// Where one JSON value lies in the bytes that a scanner walks.
package struct JSONToken: Sendable, Equatable {
    package enum Kind: UInt8, Sendable, Equatable {
        case object, array, string, number, `true`, `false`, null
    }

    package var kind: Kind
    /// A string whose text differs from its bytes, because it has escapes.
    package var hasEscapes: Bool
    /// First byte, a string's opening quote included.
    package var start: Int
    /// Past the last byte.
    package var end: Int

    package init(kind: Kind, hasEscapes: Bool = false, start: Int, end: Int) {
        self.kind = kind
        self.hasEscapes = hasEscapes
        self.start = start
        self.end = end
    }

    package var range: Range<Int> { start..<end }
    /// A string's bytes between its quotes.
    package var content: Range<Int> { (start + 1)..<(end - 1) }
}

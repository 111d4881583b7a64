/// Where one JSON value lies in the bytes that a scanner walks.
public struct JSONToken: Sendable, Equatable {
    public enum Kind: UInt8, Sendable, Equatable {
        case object, array, string, number, `true`, `false`, null
    }

    public var kind: Kind
    /// A string whose text differs from its bytes, because it has escapes.
    public var hasEscapes: Bool
    /// First byte, a string's opening quote included.
    public var start: Int
    /// Past the last byte.
    public var end: Int

    @inlinable public init(kind: Kind, hasEscapes: Bool = false, start: Int, end: Int) {
        self.kind = kind
        self.hasEscapes = hasEscapes
        self.start = start
        self.end = end
    }

    @inlinable public var range: Range<Int> { start..<end }
    /// A string's bytes between its quotes.
    @inlinable public var content: Range<Int> { (start + 1)..<(end - 1) }
}

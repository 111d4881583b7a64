import Glibc

/// A name that somebody outside has chosen: a text that is compared, ordered and hashed by its UTF-8 bytes.
///
/// Swift's `String` takes canonically equivalent texts for equal: the Kelvin sign (U+212A) is `K`, and a letter with
/// its accent apart is the letter with it. For MQTT, OCPP and certificates these are different names, and whoever may
/// choose one must not get what belongs to the other. So each kind of name has a type of its own, and a comparison with
/// another kind, or with a bare text, does not compile.
public struct OutsideName<Kind>: Sendable {
    /// As it was sent, valid UTF-8.
    public let text: String

    public init(_ text: String) {
        self.text = text
    }

    public var utf8: String.UTF8View { text.utf8 }
    public var isEmpty: Bool { text.isEmpty }
}

extension OutsideName: Equatable {
    public static func == (one: Self, other: Self) -> Bool { one.text.hasSameBytes(as: other.text) }
}

extension OutsideName: Hashable {
    public func hash(into hasher: inout Hasher) {
        text.withUTF8Bytes { hasher.combine(bytes: $0) }
    }
}

extension OutsideName: Comparable {
    /// In the order of the bytes, which is the same on every machine.
    public static func < (one: Self, other: Self) -> Bool { one.text.utf8.lexicographicallyPrecedes(other.text.utf8) }
}

extension OutsideName: ExpressibleByStringLiteral, ExpressibleByStringInterpolation {
    public init(stringLiteral text: String) {
        self.init(text)
    }
}

extension OutsideName: CustomStringConvertible {
    public var description: String { text }
}

extension String {
    /// Whether the UTF-8 of both is the same; `==` also takes canonically equivalent texts for equal.
    public func hasSameBytes(as other: String) -> Bool {
        withUTF8Bytes { mine in
            other.withUTF8Bytes { others in
                guard mine.count == others.count else { return false }
                guard let left = mine.baseAddress, let right = others.baseAddress else { return true }
                return memcmp(left, right, mine.count) == 0
            }
        }
    }

    fileprivate func withUTF8Bytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        if let result = utf8.withContiguousStorageIfAvailable({ body(UnsafeRawBufferPointer($0)) }) { return result }
        return Array(utf8).withUnsafeBytes(body)
    }
}

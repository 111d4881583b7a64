import Crypto
import FoundationEssentials

/// 32 bytes that stand for a secret while this process runs, and for nobody else.
package struct KeyedDigest: Sendable, Hashable {
    private let words: (UInt64, UInt64, UInt64, UInt64)

    fileprivate init(_ code: HMAC<SHA256>.MAC) {
        words = code.withUnsafeBytes { $0.loadUnaligned(as: (UInt64, UInt64, UInt64, UInt64).self) }
    }

    /// All 32 bytes, no early end.
    package static func == (one: Self, other: Self) -> Bool {
        let (a, b) = (one.words, other.words)
        return (a.0 ^ b.0) | (a.1 ^ b.1) | (a.2 ^ b.2) | (a.3 ^ b.3) == 0
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(words.0)
    }
}

/// A key of this process, made at start and never written anywhere: secrets are compared and remembered by their
/// HMAC-SHA-256 under it, so that neither the time of a comparison nor the memory tells anything about them.
package struct ProcessKey: Sendable {
    package static let shared = ProcessKey()

    private let key = SymmetricKey(size: .bits256)

    package init() {}

    /// - Parameter parts: Each with its length before it, so that no two lists come to the same bytes.
    package func digest(of parts: [[UInt8]]) -> KeyedDigest {
        var code = HMAC<SHA256>(key: key)
        for part in parts {
            withUnsafeBytes(of: UInt64(part.count).littleEndian) { code.update(bufferPointer: $0) }
            code.update(data: part)
        }
        return KeyedDigest(code.finalize())
    }

    /// In a time that depends on the lengths alone.
    package func areEqual(_ one: [UInt8], _ other: [UInt8]) -> Bool {
        digest(of: [one]) == digest(of: [other])
    }
}

extension HMAC {
    fileprivate mutating func update(bufferPointer: UnsafeRawBufferPointer) {
        update(data: bufferPointer)
    }
}

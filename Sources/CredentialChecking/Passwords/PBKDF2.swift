import Crypto
import CryptoExtras

/// PBKDF2 with HMAC (PKCS #5, RFC 8018, 5.2).
package struct PBKDF2: Sendable, Equatable {
    package enum Function: String, Sendable, CaseIterable {
        case sha, sha224, sha256, sha384, sha512

        package var byteCount: Int {
            switch self {
            case .sha: 20
            case .sha224: 28
            case .sha256: 32
            case .sha384: 48
            case .sha512: 64
            }
        }

        fileprivate var hashFunction: KDF.Insecure.PBKDF2.HashFunction {
            switch self {
            case .sha: .insecureSHA1
            case .sha224: .insecureSHA224
            case .sha256: .sha256
            case .sha384: .sha384
            case .sha512: .sha512
            }
        }
    }

    package static let iterationRange = 1...10_000_000
    package static let byteCountRange = 1...1024

    package let function: Function
    package let iterations: Int
    /// Of the derived key (`dk_length`).
    package let byteCount: Int

    /// - Parameter byteCount: Nil: the function's own.
    /// - Returns: Nil for what is out of range.
    package init?(function: Function, iterations: Int, byteCount: Int? = nil) {
        let byteCount = byteCount ?? function.byteCount
        guard Self.iterationRange.contains(iterations), Self.byteCountRange.contains(byteCount) else { return nil }
        self.function = function
        self.iterations = iterations
        self.byteCount = byteCount
    }

    /// Nil only where the library fails, which it has no reason to.
    func derive(from password: [UInt8], salt: [UInt8]) -> [UInt8]? {
        // HMAC fills its key up with zeros: an empty one and a single zero are the same, and the library takes none.
        let password = password.isEmpty ? [0] : password
        let key = try? KDF.Insecure.PBKDF2.deriveKey(
            from: password, salt: salt, using: function.hashFunction, outputByteCount: byteCount,
            unsafeUncheckedRounds: iterations)
        return key?.withUnsafeBytes { Array($0) }
    }
}

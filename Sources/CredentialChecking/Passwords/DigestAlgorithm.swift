import Crypto

/// The algorithms of one digest, by EMQX's names.
package enum DigestAlgorithm: String, Sendable, CaseIterable {
    case md5
    /// SHA-1.
    case sha
    case sha256
    case sha512

    package var byteCount: Int {
        switch self {
        case .md5: Insecure.MD5.byteCount
        case .sha: Insecure.SHA1.byteCount
        case .sha256: SHA256.byteCount
        case .sha512: SHA512.byteCount
        }
    }

    func digest(of bytes: [UInt8]) -> [UInt8] {
        switch self {
        case .md5: Array(Insecure.MD5.hash(data: bytes))
        case .sha: Array(Insecure.SHA1.hash(data: bytes))
        case .sha256: Array(SHA256.hash(data: bytes))
        case .sha512: Array(SHA512.hash(data: bytes))
        }
    }
}

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// `Authorization: Basic …` (RFC 7617): a key and its secret.
struct BasicAuthorization {
    var key: [UInt8]
    var secret: [UInt8]

    /// Nil: another scheme, or nothing that can be read.
    init?(_ header: String) {
        let parts = header.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "basic",
            let decoded = Data(base64Encoded: String(parts[1].drop { $0 == " " })),
            let colon = decoded.firstIndex(of: UInt8(ascii: ":"))
        else { return nil }
        key = Array(decoded[..<colon])
        secret = Array(decoded[decoded.index(after: colon)...])
    }
}

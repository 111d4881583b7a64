import FoundationEssentials

/// A token in its compact form (RFC 7515, 7.1), read and not yet checked.
struct JSONWebToken {
    /// Longer tokens are not looked at. Bytes.
    static let longest = 16 * 1024

    var algorithm: String
    var keyID: String?
    var claims: [String: ClaimValue]
    /// What the signature is made over.
    var signed: [UInt8]
    var signature: [UInt8]

    enum Fault: Error, Equatable {
        case notAToken
        /// The header demands an extension that we do not know (RFC 7515, 4.1.11).
        case criticalExtension

        var words: String {
            switch self {
            case .notAToken: "not a JSON Web Token"
            case .criticalExtension: "the token's header demands an extension that is not known"
            }
        }
    }

    init(_ text: [UInt8]) throws(Fault) {
        guard text.count <= Self.longest else { throw .notAToken }
        let parts = text.split(separator: UInt8(ascii: "."), maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count == 3, let header = Self.base64URL(parts[0]), let payload = Self.base64URL(parts[1]),
            let signature = Self.base64URL(parts[2])
        else { throw .notAToken }
        let decoder = JSONDecoder()
        guard let header = try? decoder.decode(Header.self, from: Data(header)),
            let claims = try? decoder.decode([String: ClaimValue].self, from: Data(payload))
        else { throw .notAToken }
        guard !header.isCritical else { throw .criticalExtension }
        algorithm = header.algorithm
        keyID = header.keyID
        self.claims = claims
        signed = Array(text[..<parts[1].endIndex])
        self.signature = signature
    }

    private struct Header: Decodable {
        var algorithm: String
        var keyID: String?
        var isCritical: Bool

        private enum Key: String, CodingKey {
            case alg, kid, crit
        }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: Key.self)
            algorithm = try container.decode(String.self, forKey: .alg)
            keyID = try container.decodeIfPresent(String.self, forKey: .kid)
            isCritical = container.contains(.crit)
        }
    }

    /// Base64 for URLs without padding (RFC 4648, 5); nil for anything else.
    static func base64URL(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        var standard: [UInt8] = []
        standard.reserveCapacity(text.count + 3)
        for byte in text {
            switch byte {
            case UInt8(ascii: "-"): standard.append(UInt8(ascii: "+"))
            case UInt8(ascii: "_"): standard.append(UInt8(ascii: "/"))
            case UInt8(ascii: "+"), UInt8(ascii: "/"), UInt8(ascii: "="): return nil
            default: standard.append(byte)
            }
        }
        while standard.count % 4 != 0 { standard.append(UInt8(ascii: "=")) }
        return Data(base64Encoded: Data(standard)).map { Array($0) }
    }
}

/// The value of a claim, as far as it is looked at.
enum ClaimValue: Decodable, Equatable {
    case text(String)
    case number(Double)
    case texts([String])
    case null
    case other

    init(from decoder: any Decoder) throws {
        if let list = try? decoder.unkeyedContainer() {
            var list = list
            var texts: [String] = []
            while !list.isAtEnd {
                if let text = try? list.decode(String.self) {
                    texts.append(text)
                } else {
                    _ = try list.decode(Skipped.self)
                }
            }
            self = .texts(texts)
            return
        }
        guard let value = try? decoder.singleValueContainer() else {
            self = .other
            return
        }
        if value.decodeNil() {
            self = .null
        } else if let text = try? value.decode(String.self) {
            self = .text(text)
        } else if (try? value.decode(Bool.self)) != nil {
            self = .other
        } else if let number = try? value.decode(Double.self) {
            self = .number(number)
        } else {
            self = .other
        }
    }

    /// Any one value of a list.
    private struct Skipped: Decodable {
        init(from decoder: any Decoder) throws {}
    }

    /// Seconds since 1970: a number, or a number as text; nil: neither, or one that no clock shows.
    var seconds: Double? {
        let number: Double? =
            switch self {
            case .number(let number): number
            case .text(let text): Double(text)
            case .texts, .null, .other: nil
            }
        return number.flatMap { $0.isFinite && abs($0) < 1e15 ? $0 : nil }
    }

    /// Whether it is this text, or a list that holds it; compared by bytes.
    func isOrHolds(_ wanted: [UInt8]) -> Bool {
        switch self {
        case .text(let text): text.utf8.elementsEqual(wanted)
        case .texts(let texts): texts.contains { $0.utf8.elementsEqual(wanted) }
        case .number, .null, .other: false
        }
    }
}

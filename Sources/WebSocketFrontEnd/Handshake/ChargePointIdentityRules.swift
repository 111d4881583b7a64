import OutsideNames

/// Reads the charge point's identity out of a request target, and says why when there is none.
///
/// The identity becomes a level of MQTT topics, so nothing passes that a broker would refuse there or take for a
/// wildcard or a level of its own; `+`, which is legal, is written differently there. Everything is cut and compared by
/// bytes: one Character may be a slash and a combining mark.
enum ChargePointIdentityRules {
    /// OCPP names no limit for the URL; a topic level of 255 bytes leaves room for every template.
    static let longestIdentity = 255

    /// Why a request target names no charge point. All of them are answered with 404.
    enum Problem: Error, Equatable {
        case otherPath
        case empty
        case tooLong
        case badEscape
        case notUTF8
        case forbiddenCharacter(Unicode.Scalar)

        var reason: String {
            switch self {
            case .otherPath: "nothing here"
            case .empty: "the charge point identity is empty"
            case .tooLong: "the charge point identity is longer than \(longestIdentity) bytes"
            case .badEscape: "the charge point identity has an invalid percent escape"
            case .notUTF8: "the charge point identity is not UTF-8"
            case .forbiddenCharacter("$"): "the charge point identity begins with $"
            case .forbiddenCharacter(let scalar) where scalar.isASCII && scalar.value > 0x20 && scalar.value < 0x7F:
                "the charge point identity has a forbidden character: \(scalar)"
            case .forbiddenCharacter(let scalar):
                "the charge point identity has a forbidden character: U+" + String(scalar.value, radix: 16).uppercased()
            }
        }
    }

    /// - Parameters:
    ///   - target: The request target as sent, in origin form or absolute form.
    ///   - path: The listener's path; the identity is everything behind `<path>/` and before a query.
    static func identity(inTarget target: String, path: String) -> Result<ChargePointIdentity, Problem> {
        guard let requestPath = self.path(of: target) else { return .failure(.otherPath) }
        var prefix = path.utf8[...]
        while prefix.last == slash { prefix.removeLast() }
        guard requestPath.starts(with: prefix) else { return .failure(.otherPath) }
        let behindPrefix = requestPath.dropFirst(prefix.count)
        guard let separator = behindPrefix.first else { return .failure(.empty) }
        guard separator == slash else { return .failure(.otherPath) }
        // Charge points join a URL that ends with a slash to one that begins with it, or close with one.
        var identity = behindPrefix.drop { $0 == slash }
        if identity.last == slash { identity.removeLast() }
        return decode(identity)
    }

    private static let slash = UInt8(ascii: "/")

    /// The target without scheme, authority and query; nil for the forms that have no path.
    static func path(of target: String) -> Substring.UTF8View? {
        let withoutQuery = target.utf8.prefix { $0 != UInt8(ascii: "?") }
        if withoutQuery.first == slash { return withoutQuery }
        // RFC 9112, 3.2.2: a server must accept the absolute form.
        let rest = withoutQuery.drop { $0 != UInt8(ascii: ":") }
        guard rest.starts(with: "://".utf8), rest.startIndex != withoutQuery.startIndex else { return nil }
        return rest.dropFirst(3).drop { $0 != slash }
    }

    private static func decode(_ encoded: Substring.UTF8View) -> Result<ChargePointIdentity, Problem> {
        guard !encoded.isEmpty else { return .failure(.empty) }
        // An escape is three bytes long; what is longer than this cannot become short enough.
        guard encoded.count <= 3 * longestIdentity else { return .failure(.tooLong) }
        guard let bytes = percentDecoded(encoded) else { return .failure(.badEscape) }
        guard bytes.count <= longestIdentity else { return .failure(.tooLong) }
        guard let identity = String(validating: bytes, as: UTF8.self) else { return .failure(.notUTF8) }
        // MQTT 5, 4.7.2 and 4.8.2: topics that begin so belong to the broker, or subscribe with others.
        if bytes.first == UInt8(ascii: "$") { return .failure(.forbiddenCharacter("$")) }
        if let forbidden = identity.unicodeScalars.first(where: isForbidden) {
            return .failure(.forbiddenCharacter(forbidden))
        }
        return .success(ChargePointIdentity(identity))
    }

    private static func percentDecoded(_ encoded: Substring.UTF8View) -> [UInt8]? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(encoded.count)
        var rest = encoded.makeIterator()
        while let byte = rest.next() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.next().flatMap(hexDigit), let low = rest.next().flatMap(hexDigit) else {
                return nil
            }
            bytes.append(high << 4 | low)
        }
        return bytes
    }

    private static func hexDigit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    /// MQTT 5, 1.5.4 and 4.7: the wildcard, the level separator, control characters and noncharacters.
    private static func isForbidden(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x2F, 0x23: true
        case 0...0x1F, 0x7F...0x9F: true
        case 0xFDD0...0xFDEF: true
        default: scalar.value & 0xFFFE == 0xFFFE
        }
    }
}

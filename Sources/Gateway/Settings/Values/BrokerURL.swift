import BrokerLink
import OutsideNames
import Settings

/// `broker.url`: one or more `mqtt://user:password@host:port`, separated by commas. It is cut at Unicode scalars: an `@`
/// with a combining mark behind it is no `Character` of its own, and what is in front of it is a password all the same.
struct BrokerURL: Sendable, Equatable {
    var addresses: [BrokerLinkConfiguration.Address] = []
    var username: String?
    var password: String?

    /// Why a text is none; never holds any of it, which may be a password.
    struct Flaw: Error, Equatable {
        var expectation: String
    }

    init(addresses: [BrokerLinkConfiguration.Address]) {
        self.addresses = addresses
    }

    init(_ text: String) throws(Flaw) {
        var credentials: [Credentials] = []
        for (index, entry) in Self.entries(text).enumerated() {
            do {
                let (address, user) = try Self.entry(entry.trimmed)
                addresses.append(address)
                if let user { credentials.append(user) }
            } catch {
                throw text.utf8.contains(UInt8(ascii: ","))
                    ? Flaw(expectation: "address \(index + 1): \(error.expectation)") : error
            }
        }
        guard credentials.allSatisfy({ $0 == credentials.first }) else {
            throw Flaw(expectation: "expected the same user and password in every address, or in the first only")
        }
        username = credentials.first?.username.text
        password = credentials.first?.password.map { String(decoding: $0, as: UTF8.self) }
    }

    /// The addresses with the user in the first, and without the password.
    var withoutPassword: String {
        addresses.enumerated().map { index, address in
            guard index == 0, let username else { return address.description }
            let scheme = address.usesTLS ? "mqtts://" : "mqtt://"
            return scheme + Self.percentEncoded(username) + "@" + address.description.dropFirst(scheme.count)
        }.joined(separator: ",")
    }

    /// The text as it may be shown, whatever is wrong with it.
    static func shown(_ text: String) -> String {
        if let at = text.unicodeScalars.lastIndex(of: "@") {
            let start = authority(of: text[...]) ?? text.startIndex
            guard start <= at else { return SettingProblem.hidden }
            return "\(text[..<start])\(SettingProblem.hidden)\(text[at...])"
        }
        return entries(text).map(shownEntry).joined(separator: ",")
    }

    /// `mqtt://user:password` without a host: nothing is shown after a colon but a port.
    private static func shownEntry(_ entry: String) -> String {
        if let (address, _) = try? self.entry(entry.trimmed) { return address.description }
        let start = authority(of: entry[...]) ?? entry.startIndex
        guard let colon = entry[start...].unicodeScalars.firstIndex(of: ":") else { return entry }
        let port = entry.unicodeScalars[entry.unicodeScalars.index(after: colon)...]
        return port.allSatisfy { ("0"..."9").contains($0) } ? entry : entry[..<start] + SettingProblem.hidden
    }

    private static func entries(_ text: String) -> [String] {
        text.unicodeScalars.split(separator: ",", omittingEmptySubsequences: false).map { String($0) }
    }

    /// Where it begins, behind the `://`.
    private static func authority(of text: Substring) -> String.Index? {
        text.unicodeScalars.firstRange(of: "://".unicodeScalars)?.upperBound
    }

    private struct Credentials: Equatable {
        var username: UserName
        var password: [UInt8]?
    }

    private static func entry(
        _ text: String
    ) throws(Flaw) -> (BrokerLinkConfiguration.Address, Credentials?) {
        guard let start = authority(of: text[...]) else {
            throw Flaw(expectation: "expected mqtt://host:port or mqtts://host:port")
        }
        let usesTLS: Bool
        switch text[..<start].lowercased() {
        case "mqtt://": usesTLS = false
        case "mqtts://": usesTLS = true
        default: throw Flaw(expectation: "expected mqtt:// or mqtts://")
        }
        var authority = text[start...]
        var credentials: Credentials?
        if let at = authority.unicodeScalars.lastIndex(of: "@") {
            credentials = try self.credentials(authority[..<at])
            authority = authority[text.unicodeScalars.index(after: at)...]
        }
        if authority.utf8.last == UInt8(ascii: "/") { authority = authority[..<text.utf8.index(before: text.endIndex)] }
        guard !authority.utf8.contains(where: "/?#".utf8.contains) else {
            // Not shown: without an @ it may be a part of a password.
            throw Flaw(
                expectation: "expected no path, query or fragment behind host and port: MQTT addresses have none")
        }
        guard let (host, port) = HostAndPort.split(authority), HostAndPort.isHost(host) else {
            throw Flaw(expectation: "expected a host and port after mqtt:// (an IPv6 address in brackets)")
        }
        guard let port else {
            return (.init(host: host, port: usesTLS ? 8883 : 1883, usesTLS: usesTLS), credentials)
        }
        guard let number = SettingText.integer(port), (1...65535).contains(number) else {
            throw Flaw(expectation: "expected a port of 1 to 65535")
        }
        return (.init(host: host, port: number, usesTLS: usesTLS), credentials)
    }

    private static func credentials(_ text: Substring) throws(Flaw) -> Credentials {
        let parts = text.unicodeScalars.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let flaw = Flaw(expectation: "expected a user and password that are percent-encoded UTF-8, without NUL")
        guard let username = percentDecoded(Substring(parts[0])), !username.isEmpty else { throw flaw }
        guard parts.count == 2 else { return Credentials(username: UserName(username), password: nil) }
        guard let password = percentDecoded(Substring(parts[1])) else { throw flaw }
        return Credentials(username: UserName(username), password: Array(password.utf8))
    }

    private static func percentDecoded(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.popFirst(), let low = rest.popFirst(),
                let digits = String(validating: [high, low], as: UTF8.self), digits.allSatisfy(\.isHexDigit),
                let value = UInt8(digits, radix: 16)
            else { return nil }
            bytes.append(value)
        }
        return bytes.contains(0) ? nil : String(validating: bytes, as: UTF8.self)
    }

    private static func percentEncoded(_ text: String) -> String {
        text.utf8.map { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
                return String(UnicodeScalar(byte))
            default:
                return "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }.joined()
    }
}

import Authentication
import CredentialChecking
import FoundationEssentials

/// What an HTTP server's answer to the question "may this charge point come in?" means (authentication.md, "HTTP
/// server"). Without input or output.
struct HTTPAnswer: Sendable, Equatable {
    /// Longer bodies are nonsense. Bytes.
    static let longestBody = 64 * 1024

    var status: Int
    /// The value of `Content-Type`.
    var contentType: String?
    /// The value of `Retry-After`.
    var retryAfter: String?
    var body: [UInt8]

    enum Meaning: Sendable, Equatable {
        case allow(expiry: Int64?, securityProfile: Int?)
        case deny(reason: String)
        /// No such charge point.
        case unknown
    }

    /// - Parameter now: seconds since 1970.
    /// - Throws: nonsense for what the page does not name, unreachable for a server that asks to be left alone.
    func meaning(now: Int64) throws(BackendFailure) -> Meaning {
        switch status {
        case 204: return .allow(expiry: nil, securityProfile: nil)
        case 401, 403: return .deny(reason: "the HTTP server said \(status)")
        case 404: return .unknown
        case 429, 503:
            throw BackendFailure(
                .nonsense, reason: "the HTTP server said \(status)", retryAfter: retryAfterSeconds(now: now))
        case 200: return try meaningOfBody(now: now)
        default: throw BackendFailure(.nonsense, reason: "the HTTP server said \(status)")
        }
    }

    /// Longer ones are told as this. Seconds.
    private static let longestRetryAfter = 86_400

    /// A number of seconds, or a date.
    private func retryAfterSeconds(now: Int64) -> Int? {
        guard let text = retryAfter?.trimming, !text.isEmpty else { return nil }
        if text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) {
            return Int(text).map { min($0, Self.longestRetryAfter) } ?? Self.longestRetryAfter
        }
        guard let date = HTTPDate(text) else { return nil }
        let (distance, isBeyond) = date.seconds.subtractingReportingOverflow(now)
        return isBeyond ? nil : Int(max(1, min(distance, Int64(Self.longestRetryAfter))))
    }

    private func meaningOfBody(now: Int64) throws(BackendFailure) -> Meaning {
        let fields = try readFields()
        let expiry = try expiry(in: fields)
        if let expiry, expiry <= now { return .deny(reason: "expire_at has passed") }
        guard let result = fields["result"] else { return .unknown }
        switch result.text {
        case "allow": return .allow(expiry: expiry, securityProfile: fields["security_profile"]?.securityProfile)
        case "deny": return .deny(reason: "the HTTP server said deny")
        case "ignore": return .unknown
        default: throw BackendFailure(.nonsense, reason: "the HTTP server's result is none of allow, deny, ignore")
        }
    }

    private func readFields() throws(BackendFailure) -> [String: Field] {
        let type = (contentType ?? "").prefix { $0 != ";" }.description.trimming.lowercased()
        switch type {
        case "application/json":
            do {
                return try JSONDecoder().decode(KnownFields.self, from: Data(body)).fields
            } catch {
                throw BackendFailure(.nonsense, reason: "the HTTP server's body is not the JSON that is expected")
            }
        case "application/x-www-form-urlencoded":
            guard let text = String(validating: body, as: UTF8.self) else {
                throw BackendFailure(.nonsense, reason: "the HTTP server's body is no form")
            }
            return Self.form(text)
        case "": throw BackendFailure(.nonsense, reason: "the HTTP server's answer has no Content-Type")
        default: throw BackendFailure(.nonsense, reason: "the HTTP server's Content-Type is not one that is read")
        }
    }

    private func expiry(in fields: [String: Field]) throws(BackendFailure) -> Int64? {
        switch fields["expire_at"] {
        case nil, .null: return nil
        case .integer(let seconds):
            // Milliseconds by mistake would be a session for ever.
            guard seconds < 100_000_000_000 else { break }
            return seconds
        case .text(let text):
            guard let seconds = Int64(text), seconds < 100_000_000_000 else { break }
            return seconds
        default: break
        }
        throw BackendFailure(.nonsense, reason: "the HTTP server's expire_at is no whole number of seconds")
    }

    /// The first value of each name counts.
    private static func form(_ text: String) -> [String: Field] {
        var fields: [String: Field] = [:]
        for pair in text.split(separator: "&", maxSplits: 64) {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = decoded(parts[0]), fields[name] == nil else { continue }
            fields[name] = .text(parts.count > 1 ? decoded(parts[1]) ?? "" : "")
        }
        return fields
    }

    private static func decoded(_ text: Substring) -> String? {
        String(text.map { $0 == "+" ? " " : $0 }).removingPercentEncoding
    }
}

extension HTTPAnswer {
    /// The value of a member that is read.
    enum Field: Sendable, Equatable, Decodable {
        case text(String), integer(Int64), other, null

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if container.decodeNil() {
                self = .null
            } else if let number = try? container.decode(Int64.self) {
                self = .integer(number)
            } else if let text = try? container.decode(String.self) {
                self = .text(text)
            } else {
                self = .other
            }
        }

        var text: String? {
            if case .text(let text) = self { text } else { nil }
        }

        /// 1, 2 or 3; anything else ties to the strictest, so that a slip of the pen opens nothing.
        var securityProfile: Int? {
            switch self {
            case .null: nil
            case .integer(let number): (1...3).contains(number) ? Int(number) : 3
            case .text(let text): Int(text).map { (1...3).contains($0) ? $0 : 3 } ?? 3
            case .other: 3
            }
        }
    }

    private struct KnownFields: Decodable {
        var fields: [String: Field] = [:]

        private enum Key: String, CodingKey, CaseIterable {
            case result, expireAt = "expire_at", securityProfile = "security_profile"
        }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: Key.self)
            for key in Key.allCases where container.contains(key) {
                fields[key.rawValue] = try container.decode(Field.self, forKey: key)
            }
        }
    }
}

extension String {
    /// Without spaces and tabs at both ends.
    var trimming: String {
        var text = self[...]
        while let first = text.first, first == " " || first == "\t" { text.removeFirst() }
        while let last = text.last, last == " " || last == "\t" { text.removeLast() }
        return String(text)
    }
}

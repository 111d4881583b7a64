import Authentication
import BackendHTTPClient
import CredentialChecking
import FoundationEssentials

/// The question to an HTTP server: its settings, checked, with the places where a charge point's credentials go.
struct HTTPRequestTemplate: Sendable, Equatable {
    struct Field: Sendable, Equatable {
        var name: String
        var value: CredentialTemplate
    }

    enum Body: Sendable, Equatable {
        case json, form
        /// GET: the fields are added to the query.
        case query
    }

    /// Where the server is; its target is not used.
    let server: BackendURL
    /// Path and query.
    let target: CredentialTemplate
    let headers: [Field]
    let fields: [Field]
    let body: Body

    /// What is wrong with one setting.
    struct Problem: Error, Equatable {
        /// `url`, below `authentication.`
        var key: String
        var words: String
    }

    init(_ settings: HTTPAuthenticatorSettings) throws(Problem) {
        // A placeholder is no host or port: nobody chooses where the question goes.
        let start = settings.url.utf8.prefix { $0 != UInt8(ascii: "$") }
        guard let server = BackendURL(String(decoding: start, as: UTF8.self)),
            settings.url.utf8.dropFirst(8).contains(UInt8(ascii: "/")) || start.count == settings.url.utf8.count
        else {
            throw Problem(key: "url", words: "expected http:// or https://, a host, and a path")
        }
        self.server = server
        let origin = Self.lengthOfOrigin(settings.url)
        let text = String(decoding: settings.url.utf8.dropFirst(origin), as: UTF8.self)
        target = try Self.template(text.utf8.first == UInt8(ascii: "/") ? text : "/" + text, key: "url")
        var headers: [Field] = []
        var contentType = ""
        for (name, value) in settings.headers {
            guard !name.isEmpty, name.utf8.allSatisfy(Self.isOfToken) else {
                throw Problem(key: "headers", words: "expected names of HTTP headers, not \"\(name)\"")
            }
            guard !value.hasControlCharacters else {
                throw Problem(key: "headers", words: "expected no control characters, which \(name) has")
            }
            if name.lowercased() == "content-type" { contentType = value.lowercased() }
            headers.append(Field(name: name, value: try Self.template(value, key: "headers")))
        }
        var fields: [Field] = []
        for (name, value) in settings.body {
            fields.append(Field(name: name, value: try Self.template(value, key: "body")))
        }
        if settings.method == .get {
            body = .query
        } else if contentType.hasPrefix("application/x-www-form-urlencoded") {
            body = .form
        } else if contentType.isEmpty || contentType.hasPrefix("application/json") {
            body = .json
        } else {
            throw Problem(
                key: "headers", words: "expected content-type application/json or application/x-www-form-urlencoded")
        }
        if body == .json, contentType.isEmpty {
            headers.append(Field(name: "content-type", value: try Self.template("application/json", key: "headers")))
        }
        if !headers.contains(where: { $0.name.lowercased() == "accept" }) {
            headers.append(Field(name: "accept", value: try Self.template("application/json", key: "headers")))
        }
        self.headers = headers
        self.fields = fields
        let all = [target] + headers.map(\.value) + fields.map(\.value)
        guard all.contains(where: \.namesIdentity) else {
            throw Problem(
                key: "body", words: "expected ${clientid}, ${username} or a certificate's placeholder to be sent")
        }
    }

    private static func template(_ text: String, key: String) throws(Problem) -> CredentialTemplate {
        do {
            return try CredentialTemplate(text)
        } catch {
            throw Problem(key: key, words: "\(error)")
        }
    }

    private static func lengthOfOrigin(_ url: String) -> Int {
        let bytes = Array(url.utf8)
        guard let scheme = bytes.firstIndex(of: UInt8(ascii: "/")) else { return bytes.count }
        let rest = bytes.dropFirst(scheme + 2)
        return rest.firstIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") } ?? bytes.count
    }

    /// RFC 9110, 5.6.2.
    private static func isOfToken(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }
}

extension HTTPRequestTemplate {
    struct Request: Sendable {
        var target: String
        var headers: [(name: String, value: String)]
        var body: [UInt8]?
    }

    /// Nil: a value with control characters would have to go into a header.
    func request(for credentials: Credentials) -> Request? {
        var headers: [(name: String, value: String)] = []
        for header in self.headers {
            guard let value = header.value.headerValue(for: credentials) else { return nil }
            headers.append((name: header.name, value: value))
        }
        let target = target.percentEncoded(for: credentials)
        switch body {
        case .json: return Request(target: target, headers: headers, body: json(for: credentials))
        case .form: return Request(target: target, headers: headers, body: Array(form(for: credentials).utf8))
        case .query:
            guard !fields.isEmpty else { return Request(target: target, headers: headers) }
            let separator = target.utf8.contains(UInt8(ascii: "?")) ? "&" : "?"
            return Request(target: target + separator + form(for: credentials), headers: headers)
        }
    }

    private func form(for credentials: Credentials) -> String {
        fields.map {
            CredentialTemplate.percentEncoded($0.name) + "="
                + CredentialTemplate.percentEncoded($0.value.text(for: credentials))
        }.joined(separator: "&")
    }

    private func json(for credentials: Credentials) -> [UInt8]? {
        var object: [String: String] = [:]
        for field in fields { object[field.name] = field.value.text(for: credentials) }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return (try? encoder.encode(object)).map { Array($0) }
    }
}

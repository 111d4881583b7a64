import Authentication

/// A text of the operator's with placeholders, `mqtt_user:${username}`: where it is asked what a charge point shows.
///
/// What is put in fills the place of one string and can add no structure: for SQL see ``SQLTemplate``; a JSON or BSON
/// document and a Redis command are taken apart first, and each of their strings is a template of its own.
package struct CredentialTemplate: Sendable, Equatable {
    package enum Part: Sendable, Equatable {
        case literal(String)
        case field(CredentialField)
    }

    /// Literals are never empty, and never two in a row.
    package let parts: [Part]

    /// - Throws: A placeholder that is none of the page's. EMQX would send it as it stands.
    package init(_ text: String) throws(CredentialTemplateError) {
        var parts: [Part] = []
        var literal: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.first {
            guard byte == UInt8(ascii: "$"), rest.dropFirst().first == UInt8(ascii: "{") else {
                literal.append(byte)
                rest.removeFirst()
                continue
            }
            guard let end = rest.firstIndex(of: UInt8(ascii: "}")) else { throw .unclosedPlaceholder }
            let name = String(decoding: rest[rest.index(rest.startIndex, offsetBy: 2)..<end], as: UTF8.self)
            rest = rest[rest.index(after: end)...]
            if name.utf8.elementsEqual("$".utf8) {
                literal.append(UInt8(ascii: "$"))
                continue
            }
            guard let field = CredentialField.allCases.first(where: { $0.rawValue.utf8.elementsEqual(name.utf8) })
            else { throw .unknownPlaceholder(name) }
            Self.append(&literal, to: &parts)
            parts.append(.field(field))
        }
        Self.append(&literal, to: &parts)
        self.parts = parts
    }

    private static func append(_ literal: inout [UInt8], to parts: inout [Part]) {
        guard !literal.isEmpty else { return }
        parts.append(.literal(String(decoding: literal, as: UTF8.self)))
        literal = []
    }

    /// Whether a text is made of placeholders alone. In any other one an operator's own secret may stand.
    package static func isOfPlaceholders(_ text: String) -> Bool {
        guard let template = try? Self(text) else { return false }
        return template.fields.count == template.parts.count
    }

    package var fields: [CredentialField] {
        parts.compactMap { if case .field(let field) = $0 { field } else { nil } }
    }

    /// Whether it has a placeholder that tells charge points apart. A query, key or filter without one would find the
    /// same row for everybody.
    package var namesIdentity: Bool { fields.nameIdentity }

    /// Each placeholder as it is: for one string of a format that keeps strings apart itself (JSON, BSON, RESP).
    package func text(for credentials: Credentials) -> String {
        rendered(for: credentials) { $0 }
    }

    /// Each placeholder percent-encoded, all but RFC 3986's unreserved characters: for a URL's path and query.
    package func percentEncoded(for credentials: Credentials) -> String {
        rendered(for: credentials, Self.percentEncoded)
    }

    /// As ``text(for:)``; nil where a value holds control characters, which would begin a header of their own.
    package func headerValue(for credentials: Credentials) -> String? {
        guard !fields.contains(where: { $0.value(of: credentials).hasControlCharacters }) else { return nil }
        return text(for: credentials)
    }

    private func rendered(for credentials: Credentials, _ escaped: (String) -> String) -> String {
        var text = ""
        for part in parts {
            switch part {
            case .literal(let literal): text += literal
            case .field(let field): text += escaped(field.value(of: credentials))
            }
        }
        return text
    }

    /// By RFC 3986, 2.1 and 2.3.
    package static func percentEncoded(_ text: String) -> String {
        var encoded: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                encoded.append(byte)
            default:
                encoded.append(UInt8(ascii: "%"))
                encoded += Hexadecimal.capitals([byte]).utf8
            }
        }
        return String(decoding: encoded, as: UTF8.self)
    }
}

/// What is wrong with a template: a start-up error.
package enum CredentialTemplateError: Error, Sendable, Equatable, CustomStringConvertible {
    case unknownPlaceholder(String)
    case unclosedPlaceholder
    /// In SQL, where a parameter cannot stand: between quotes with other text, in a comment.
    case placeholderInQuotes(CredentialField)
    case placeholderInComment(CredentialField)
    /// In SQL: what stands right beside it would make one name of both.
    case placeholderBesideName(CredentialField)
    /// In SQL: a parameter that nothing would be bound to.
    case strayParameter(String)

    package var description: String {
        switch self {
        case .unknownPlaceholder(let name):
            "unknown placeholder ${\(name)}; expected one of "
                + CredentialField.allCases.map { "${\($0.rawValue)}" }.joined(separator: ", ")
                + ", or ${$} for a dollar sign"
        case .unclosedPlaceholder: "expected a } for every ${; ${$} is a dollar sign"
        case .placeholderInQuotes(let field):
            "expected ${\(field.rawValue)} to be no part of a quoted text: join the texts by SQL's own means (CONCAT, ||)"
        case .placeholderInComment(let field): "expected no placeholder in a comment, but ${\(field.rawValue)} is"
        case .placeholderBesideName(let field): "expected ${\(field.rawValue)} to touch no other word"
        case .strayParameter(let parameter): "expected placeholders: \(parameter) is a parameter that is not ours"
        }
    }
}

import Authentication

/// A query with placeholders as a statement with bound parameters: nothing that a charge point sends becomes SQL.
package struct SQLTemplate: Sendable, Equatable {
    /// How a server writes a parameter.
    package enum Dialect: Sendable {
        /// `$1`, `$2`, each placeholder with a number of its own: the server gives each its own type.
        case postgreSQL
        /// `?`.
        case mySQL
    }

    /// With the parameters in place of the placeholders, and of the quotes around them.
    package let statement: String
    /// What is bound, in the order of the parameters.
    package let fields: [CredentialField]

    package init(_ text: String, dialect: Dialect) throws(CredentialTemplateError) {
        var scan = SQLScan(dialect: dialect)
        for part in try CredentialTemplate(text).parts {
            switch part {
            case .literal(let literal): try scan.read(Array(literal.utf8))
            case .field(let field): try scan.read(field)
            }
        }
        try scan.finish()
        statement = String(decoding: scan.statement, as: UTF8.self)
        fields = scan.fields
    }

    package var namesIdentity: Bool { fields.nameIdentity }

    /// UTF-8 of each parameter's text, in order; all are text to the server.
    package func values(for credentials: Credentials) -> [[UInt8]] {
        fields.map { Array($0.value(of: credentials).utf8) }
    }
}

/// Reads a query as far as is needed to know whether a parameter may stand at a place.
private struct SQLScan {
    private enum Place {
        case code
        /// `isOwn`: the quote has just opened, so that a placeholder would have it for itself.
        case quoted(by: UInt8, isOwn: Bool)
        case lineComment
        case blockComment
        /// A placeholder in quotes of its own has been read: only the closing quote may follow.
        case closing(UInt8, CredentialField)
        /// That quote has followed, or there was none (nil). Another quote would make one text of both, a letter or
        /// digit one name.
        case closed(UInt8?, CredentialField)
    }

    let dialect: SQLTemplate.Dialect
    private(set) var statement: [UInt8] = []
    private(set) var fields: [CredentialField] = []
    private var place = Place.code
    private var previous: UInt8 = 0
    /// The byte before was a backslash in a quoted text, which MySQL takes for an escape.
    private var isEscaped = false

    init(dialect: SQLTemplate.Dialect) {
        self.dialect = dialect
    }

    mutating func read(_ literal: [UInt8]) throws(CredentialTemplateError) {
        for byte in literal {
            try read(byte)
            previous = byte
        }
    }

    mutating func read(_ field: CredentialField) throws(CredentialTemplateError) {
        switch place {
        case .code:
            guard !Self.isOfName(previous) else { throw .placeholderBesideName(field) }
            append(field)
            place = .closed(nil, field)
        case .quoted(let quote, isOwn: true) where quote != UInt8(ascii: "`"):
            statement.removeLast()
            append(field)
            place = .closing(quote, field)
        case .closed: throw .placeholderBesideName(field)
        case .closing(_, let first): throw .placeholderInQuotes(first)
        case .quoted: throw .placeholderInQuotes(field)
        case .lineComment, .blockComment: throw .placeholderInComment(field)
        }
    }

    func finish() throws(CredentialTemplateError) {
        if case .closing(_, let field) = place { throw .placeholderInQuotes(field) }
    }

    private mutating func append(_ field: CredentialField) {
        fields.append(field)
        switch dialect {
        case .postgreSQL: statement += "$\(fields.count)".utf8
        case .mySQL: statement.append(UInt8(ascii: "?"))
        }
    }

    private mutating func read(_ byte: UInt8) throws(CredentialTemplateError) {
        switch place {
        case .closing(let quote, let field):
            guard byte == quote else { throw .placeholderInQuotes(field) }
            place = .closed(quote, field)
            return
        case .closed(let quote, let field):
            if byte == quote { throw .placeholderInQuotes(field) }
            if Self.isOfName(byte) { throw .placeholderBesideName(field) }
            place = .code
            try readCode(byte)
        case .code:
            try readCode(byte)
        case .quoted(let quote, _):
            readQuoted(byte, quote)
        case .lineComment:
            if byte == UInt8(ascii: "\n") { place = .code }
        case .blockComment:
            if previous == UInt8(ascii: "*"), byte == UInt8(ascii: "/") { place = .code }
        }
        statement.append(byte)
    }

    private mutating func readCode(_ byte: UInt8) throws(CredentialTemplateError) {
        switch (previous, byte) {
        case (_, UInt8(ascii: "'")), (_, UInt8(ascii: "\"")), (_, UInt8(ascii: "`")):
            // After the same quote it is a doubled one: the text goes on.
            place = .quoted(by: byte, isOwn: previous != byte)
        case (UInt8(ascii: "-"), UInt8(ascii: "-")): place = .lineComment
        case (_, UInt8(ascii: "#")) where dialect == .mySQL: place = .lineComment
        case (UInt8(ascii: "/"), UInt8(ascii: "*")): place = .blockComment
        case (_, UInt8(ascii: "?")) where dialect == .mySQL: throw .strayParameter("?")
        case (UInt8(ascii: "$"), UInt8(ascii: "0")...UInt8(ascii: "9")) where dialect == .postgreSQL:
            throw .strayParameter("$\(UnicodeScalar(byte))")
        default: break
        }
    }

    private mutating func readQuoted(_ byte: UInt8, _ quote: UInt8) {
        if isEscaped {
            isEscaped = false
        } else if byte == quote {
            place = .code
            return
        } else if dialect == .mySQL, quote != UInt8(ascii: "`"), byte == UInt8(ascii: "\\") {
            isEscaped = true
        }
        place = .quoted(by: quote, isOwn: false)
    }

    /// What would make one name or number of a parameter and its neighbour.
    private static func isOfName(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "$"), 0x80...:
            true
        default: false
        }
    }
}

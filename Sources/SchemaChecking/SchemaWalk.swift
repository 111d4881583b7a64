import JSONText

/// One walk over one message: value by value as the scanner comes to them.
///
/// The functions return whether the value fits. The one that finds the first failure notes it; those around it, on
/// the way out, note where it is. From then on the rest of the text is only proved well-formed.
struct SchemaWalk {
    private struct Failure {
        var kind: SchemaViolation.Kind
        var rule: String
        /// Names and places, the innermost first.
        var path: [String] = []
    }

    private let schema: Schema
    let nodes: UnsafeBufferPointer<SchemaNode>
    let entries: UnsafeBufferPointer<SchemaRules.Entry>
    let texts: UnsafeBufferPointer<SchemaRules.Text>
    let schemaBytes: UnsafeRawBufferPointer
    /// Sub-schemas that look at a value once more (`anyOf` and the like) take its bytes from this, patterns their
    /// steps: nested in each other they could otherwise take time without bound for a message made to that end.
    private(set) var budget: Int
    private var failure: Failure?
    /// A sub-schema of `anyOf` and the like is only asked whether the value fits.
    private var isQuiet = false

    init(
        schema: Schema, nodes: UnsafeBufferPointer<SchemaNode>, entries: UnsafeBufferPointer<SchemaRules.Entry>,
        texts: UnsafeBufferPointer<SchemaRules.Text>, schemaBytes: UnsafeRawBufferPointer, messageLength: Int
    ) {
        self.schema = schema
        self.nodes = nodes
        self.entries = entries
        self.texts = texts
        self.schemaBytes = schemaBytes
        budget = 1_000_000 + 100 * messageLength
    }

    var rules: SchemaRules { schema.rules }

    var isExhausted: Bool { budget <= 0 }

    /// What was noted, as the caller gets it.
    var violation: SchemaViolation {
        guard !isExhausted, let failure else {
            return SchemaViolation(kind: .constraint, pointer: "", rule: "too complex to check against its schema")
        }
        let pointer = failure.path.reversed().map(JSONPointer.component).joined()
        return SchemaViolation(kind: failure.kind, pointer: pointer, rule: failure.rule)
    }

    /// Notes the first failure; returns false for the caller to return.
    @inline(never)
    mutating func fail(
        _ kind: SchemaViolation.Kind, _ rule: @autoclosure () -> String, at name: String? = nil
    ) -> Bool {
        if !isQuiet { failure = Failure(kind: kind, rule: rule(), path: name.map { [$0] } ?? []) }
        return false
    }

    /// Notes that the failure lies in the member or item `name` of the value.
    @inline(never)
    mutating func locate(_ name: @autoclosure () -> String) {
        if !isQuiet { failure?.path.append(name()) }
    }

    mutating func value(_ node: Int, _ scanner: inout JSONScanner) throws(JSONSyntaxError) -> Bool {
        guard !nodes[node].isNever else {
            _ = try scanner.scanValue()
            return fail(.constraint, "not allowed")
        }
        let types = nodes[node].types
        let token: JSONToken
        switch scanner.current {
        case UInt8(ascii: "\""):
            token = try scanner.scanString()
            guard types.contains(.string) else { return wrongType(token, node) }
            guard string(node, token, scanner.bytes) else { return false }
        case UInt8(ascii: "{"):
            let start = scanner.position
            if types.contains(.object), nodes[node].object >= 0 {
                guard try object(node, &scanner) else { return false }
                token = JSONToken(kind: .object, start: start, end: scanner.position)
            } else {
                token = try scanner.scanValue()
                guard types.contains(.object) else { return wrongType(token, node) }
            }
        case UInt8(ascii: "["):
            let start = scanner.position
            if types.contains(.array), nodes[node].hasArrayRules {
                guard try array(node, &scanner) else { return false }
                token = JSONToken(kind: .array, start: start, end: scanner.position)
            } else {
                token = try scanner.scanValue()
                guard types.contains(.array) else { return wrongType(token, node) }
            }
        default:
            token = try scanner.scanValue()
            guard scalar(node, token, scanner.bytes) else { return false }
        }
        if nodes[node].enumeration.values >= 0 {
            guard isOne(of: nodes[node].enumeration, token, scanner.bytes) else { return false }
        }
        if nodes[node].constant.values >= 0 {
            guard isOne(of: nodes[node].constant, token, scanner.bytes) else { return false }
        }
        return nodes[node].combination < 0 ? true : try combination(node, token.range, scanner.bytes)
    }

    /// Looks at bytes that the scanner has walked already with one more schema. A failure is noted like any other.
    mutating func again(
        _ index: Int, _ range: Range<Int>, _ bytes: UnsafeRawBufferPointer
    ) throws(JSONSyntaxError) -> Bool {
        budget -= range.count
        guard !isExhausted else { return false }
        var scanner = JSONScanner(UnsafeRawBufferPointer(rebasing: bytes[range]))
        return try value(index, &scanner)
    }

    /// The same, but a failure is only an answer.
    mutating func fits(
        _ index: Int, _ range: Range<Int>, _ bytes: UnsafeRawBufferPointer
    ) throws(JSONSyntaxError) -> Bool {
        let wasQuiet = isQuiet
        isQuiet = true
        defer { isQuiet = wasQuiet }
        return try again(index, range, bytes)
    }

    mutating func matches(_ pattern: Pattern, _ text: JSONToken, _ bytes: UnsafeRawBufferPointer) -> Bool {
        guard text.hasEscapes else { return pattern.matches(bytes[text.content], budget: &budget) }
        return pattern.matches(text.text(in: bytes).utf8, budget: &budget)
    }

    @inline(never)
    private mutating func wrongType(_ token: JSONToken, _ node: Int) -> Bool {
        let types = nodes[node].types
        return fail(.wrongType, "\(token.kind.inWords), but must be \(types.inWords)")
    }
}

extension SchemaWalk {
    /// A number, `true`, `false` or `null`.
    private mutating func scalar(_ node: Int, _ token: JSONToken, _ bytes: UnsafeRawBufferPointer) -> Bool {
        let types = nodes[node].types
        switch token.kind {
        case .null: return types.contains(.null) || wrongType(token, node)
        case .true, .false: return types.contains(.boolean) || wrongType(token, node)
        default: break
        }
        let isAnyNumber = types.contains(.number)
        guard isAnyNumber || types.contains(.integer) else { return wrongType(token, node) }
        let hasRules = nodes[node].numbers >= 0
        guard !isAnyNumber || hasRules else { return true }
        let number = DecimalText(UnsafeRawBufferPointer(rebasing: bytes[token.range]))
        guard isAnyNumber || (nodes[node].integersArePlain ? number.isPlainInteger : number.isWhole) else {
            return wrongType(token, node)
        }
        return hasRules ? self.number(rules.numbers[nodes[node].numbers], number) : true
    }

    private mutating func number(_ rules: SchemaRules.Numbers, _ number: DecimalText) -> Bool {
        if let minimum = rules.minimum, number.compared(to: minimum.number) < (minimum.isExclusive ? 1 : 0) {
            return fail(.constraint, "\(minimum.isExclusive ? "not more" : "less") than \(minimum.text)")
        }
        if let maximum = rules.maximum, number.compared(to: maximum.number) > (maximum.isExclusive ? -1 : 0) {
            return fail(.constraint, "\(maximum.isExclusive ? "not less" : "more") than \(maximum.text)")
        }
        if let divisor = rules.divisor, !divisor.divides(number) {
            return fail(.constraint, "not a multiple of \(divisor.text)")
        }
        return true
    }

    private mutating func string(_ node: Int, _ token: JSONToken, _ bytes: UnsafeRawBufferPointer) -> Bool {
        let minimumLength = nodes[node].minimumLength
        let maximumLength = nodes[node].maximumLength
        // A text has no more characters than bytes, so that most need no counting.
        if token.content.count > maximumLength || minimumLength > 0 {
            let length = token.characterCount(in: bytes)
            guard length <= maximumLength else {
                return fail(.constraint, "longer than \(maximumLength.of("character"))")
            }
            guard length >= minimumLength else {
                return fail(.constraint, "shorter than \(minimumLength.of("character"))")
            }
        }
        if let format = nodes[node].format, !accepts(format, token, bytes) {
            return fail(.constraint, "not \(format.inWords)")
        }
        guard nodes[node].pattern >= 0 else { return true }
        let pattern = rules.patterns[nodes[node].pattern]
        return matches(pattern, token, bytes) || fail(.constraint, "does not match the pattern \(pattern.text)")
    }

    private func accepts(_ format: StringFormat, _ token: JSONToken, _ bytes: UnsafeRawBufferPointer) -> Bool {
        guard token.hasEscapes else {
            return format.accepts(UnsafeRawBufferPointer(rebasing: bytes[token.content]))
        }
        return ExactText(token.text(in: bytes)).utf8.withUnsafeBytes { format.accepts($0) }
    }
}

extension Int {
    /// `1 item`, `2 items`
    func of(_ noun: String) -> String {
        self == 1 ? "1 \(noun)" : "\(self) \(noun)s"
    }
}

extension JSONToken {
    /// The characters (Unicode scalars) of a string, escapes decoded.
    fileprivate func characterCount(in bytes: UnsafeRawBufferPointer) -> Int {
        var count = 0
        var index = content.lowerBound
        while index < content.upperBound {
            let byte = bytes[index]
            if byte == UInt8(ascii: "\\") {
                // Of a surrogate pair, `\ud83d\ude00`, the second escape is no character of its own.
                let isLow =
                    bytes[index + 1] == UInt8(ascii: "u") && bytes[index + 2] | 0x20 == UInt8(ascii: "d")
                    && (bytes[index + 3].hexadecimalValue ?? 0) >= 0xC
                if !isLow { count += 1 }
                index += bytes[index + 1] == UInt8(ascii: "u") ? 6 : 2
            } else {
                if byte & 0xC0 != 0x80 { count += 1 }
                index += 1
            }
        }
        return count
    }
}

extension JSONToken.Kind {
    fileprivate var inWords: String {
        switch self {
        case .object: "an object"
        case .array: "an array"
        case .string: "a string"
        case .number: "a number"
        case .true, .false: "a boolean"
        case .null: "null"
        }
    }
}

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

    let schema: Schema
    /// Sub-schemas that look at a value once more (`anyOf` and the like) take its bytes from this, patterns their
    /// steps: nested in each other they could otherwise take time without bound for a message made to that end.
    private(set) var budget: Int
    private var failure: Failure?
    /// A sub-schema of `anyOf` and the like is only asked whether the value fits.
    private var isQuiet = false

    init(schema: Schema, byteCount: Int) {
        self.schema = schema
        budget = 1_000_000 + 100 * byteCount
    }

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

    mutating func value(_ index: Int, _ scanner: inout JSONScanner) throws(JSONSyntaxError) -> Bool {
        let node = schema.nodes[index]
        guard !node.isNever else {
            _ = try scanner.scanValue()
            return fail(.constraint, "not allowed")
        }
        let token: JSONToken
        switch scanner.current {
        case UInt8(ascii: "\""):
            token = try scanner.scanString()
            guard node.types.contains(.string) else { return wrongType(token, node, scanner.bytes) }
            if let rules = node.strings, !string(rules, token, scanner.bytes) { return false }
        case UInt8(ascii: "{"):
            let start = scanner.position
            if node.types.contains(.object), let rules = node.objects {
                guard try object(rules, &scanner) else { return false }
                token = JSONToken(kind: .object, start: start, end: scanner.position)
            } else {
                token = try scanner.scanValue()
                guard node.types.contains(.object) else { return wrongType(token, node, scanner.bytes) }
            }
        case UInt8(ascii: "["):
            let start = scanner.position
            if node.types.contains(.array), let rules = node.arrays {
                guard try array(rules, &scanner) else { return false }
                token = JSONToken(kind: .array, start: start, end: scanner.position)
            } else {
                token = try scanner.scanValue()
                guard node.types.contains(.array) else { return wrongType(token, node, scanner.bytes) }
            }
        default:
            token = try scanner.scanValue()
            guard scalar(token, node, scanner.bytes) else { return false }
        }
        guard let rules = node.whole else { return true }
        return try whole(rules, token, scanner.bytes)
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
    private mutating func wrongType(_ token: JSONToken, _ node: SchemaNode, _ bytes: UnsafeRawBufferPointer) -> Bool {
        fail(.wrongType, "\(token.kind.inWords), but must be \(node.types.inWords)")
    }
}

extension SchemaWalk {
    /// A number, `true`, `false` or `null`.
    private mutating func scalar(_ token: JSONToken, _ node: SchemaNode, _ bytes: UnsafeRawBufferPointer) -> Bool {
        switch token.kind {
        case .null:
            return node.types.contains(.null) || wrongType(token, node, bytes)
        case .true, .false:
            return node.types.contains(.boolean) || wrongType(token, node, bytes)
        default:
            break
        }
        let isAnyNumber = node.types.contains(.number)
        guard isAnyNumber || node.types.contains(.integer) else { return wrongType(token, node, bytes) }
        guard !isAnyNumber || node.numbers != nil else { return true }
        let number = DecimalText(UnsafeRawBufferPointer(rebasing: bytes[token.range]))
        guard isAnyNumber || (node.integersArePlain ? number.isPlainInteger : number.isWhole) else {
            return wrongType(token, node, bytes)
        }
        guard let rules = node.numbers else { return true }
        return self.number(rules, number)
    }

    private mutating func number(_ rules: NumberRules, _ number: DecimalText) -> Bool {
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

    private mutating func string(_ rules: StringRules, _ token: JSONToken, _ bytes: UnsafeRawBufferPointer) -> Bool {
        // A text has no more characters than bytes, so that most need no counting.
        if token.content.count > rules.maximumLength || rules.minimumLength > 0 {
            let length = token.characterCount(in: bytes)
            guard length <= rules.maximumLength else {
                return fail(.constraint, "longer than \(rules.maximumLength.of("character"))")
            }
            guard length >= rules.minimumLength else {
                return fail(.constraint, "shorter than \(rules.minimumLength.of("character"))")
            }
        }
        if let format = rules.format, !accepts(format, token, bytes) {
            return fail(.constraint, "not \(format.inWords)")
        }
        if let pattern = rules.pattern, !matches(pattern, token, bytes) {
            return fail(.constraint, "does not match the pattern \(pattern.text)")
        }
        return true
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

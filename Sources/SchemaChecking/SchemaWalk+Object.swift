import JSONText

extension SchemaWalk {
    /// What is known of an object while its members go by.
    private struct Progress {
        var count = 0
        /// The required names that were there, as bits.
        var seen: UInt64 = 0
        /// Where in the property table the next name probably is.
        var hint = 0
    }

    mutating func object(_ rules: ObjectRules, _ scanner: inout JSONScanner) throws(JSONSyntaxError) -> Bool {
        let start = scanner.position
        var progress = Progress()
        var fits = true
        try scanner.expect(UInt8(ascii: "{"))
        try scanner.enter()
        scanner.skipWhitespace()
        if !scanner.take(UInt8(ascii: "}")) {
            repeat {
                scanner.skipWhitespace()
                let key = try scanner.scanString()
                try scanner.skipColon()
                if fits {
                    fits = try member(rules, key, &progress, &scanner)
                } else {
                    _ = try scanner.scanValue()
                }
                scanner.skipWhitespace()
            } while scanner.take(UInt8(ascii: ","))
            try scanner.expect(UInt8(ascii: "}"))
        }
        scanner.leave()
        guard fits else { return false }
        return try end(rules, progress, start..<scanner.position, scanner.bytes)
    }

    @inline(__always)
    private mutating func member(
        _ rules: ObjectRules, _ key: JSONToken, _ progress: inout Progress, _ scanner: inout JSONScanner
    ) throws(JSONSyntaxError) -> Bool {
        progress.count += 1
        var node = -1
        let place = rules.properties.place(of: key, in: scanner.bytes, hint: progress.hint)
        if place >= 0 {
            let entry = rules.properties.entries[place]
            progress.hint = place + 1
            progress.seen |= entry.requiredBit
            node = entry.node
        }
        guard node < 0 || rules.hasRulesForNames else {
            if try value(node, &scanner) { return true }
            locate(key.text(in: scanner.bytes))
            return false
        }
        return try unusualMember(rules, key, node: node, &scanner)
    }

    /// A member that `properties` does not have, or of an object with rules for names.
    @inline(never)
    private mutating func unusualMember(
        _ rules: ObjectRules, _ key: JSONToken, node: Int, _ scanner: inout JSONScanner
    ) throws(JSONSyntaxError) -> Bool {
        let bytes = scanner.bytes
        var nodes = node < 0 ? [] : [node]
        for rule in rules.patterns where matches(rule.pattern, key, bytes) { nodes.append(rule.node) }
        let start = scanner.position
        if nodes.isEmpty {
            switch rules.additional {
            case .allowed: break
            case .forbidden:
                _ = try scanner.scanValue()
                return fail(.unknownField, "unknown field", at: key.text(in: bytes))
            case .schema(let schema): nodes.append(schema)
            }
        }
        var fits = true
        if let names = rules.names { fits = try again(names, key.range, bytes) }
        if fits, let first = nodes.first {
            fits = try value(first, &scanner)
        } else {
            _ = try scanner.scanValue()
        }
        for next in nodes.dropFirst() where fits { fits = try again(next, start..<scanner.position, bytes) }
        if !fits { locate(key.text(in: bytes)) }
        return fits
    }

    @inline(__always)
    private mutating func end(
        _ rules: ObjectRules, _ progress: Progress, _ range: Range<Int>, _ bytes: UnsafeRawBufferPointer
    ) throws(JSONSyntaxError) -> Bool {
        let missing = rules.requiredBits & ~progress.seen
        if missing != 0 {
            return fail(.missingField, "missing, but required", at: rules.required[missing.trailingZeroBitCount])
        }
        guard progress.count >= rules.minimumCount else {
            return fail(.constraint, "fewer than \(rules.minimumCount.of("field"))")
        }
        guard progress.count <= rules.maximumCount else {
            return fail(.constraint, "more than \(rules.maximumCount.of("field"))")
        }
        guard !rules.dependencies.isEmpty || rules.required.count > 64 else { return true }
        return try namesEnd(rules, range, bytes)
    }

    /// Rules that need the set of all names.
    @inline(never)
    private mutating func namesEnd(
        _ rules: ObjectRules, _ range: Range<Int>, _ bytes: UnsafeRawBufferPointer
    ) throws(JSONSyntaxError) -> Bool {
        let object = UnsafeRawBufferPointer(rebasing: bytes[range])
        var names: Set<ExactText> = []
        try JSONScanner.forEachMember(of: object) { key, _ in
            names.insert(ExactText(key.text(in: object)))
        }
        for name in rules.required where !names.contains(ExactText(name)) {
            return fail(.missingField, "missing, but required", at: name)
        }
        for (name, dependency) in rules.dependencies where names.contains(ExactText(name)) {
            switch dependency {
            case .names(let others):
                for other in others where !names.contains(ExactText(other)) {
                    return fail(.constraint, "missing, but required beside \(name)", at: other)
                }
            case .schema(let schema):
                guard try again(schema, range, bytes) else { return false }
            }
        }
        return true
    }
}

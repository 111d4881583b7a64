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

    mutating func object(_ object: Int, _ scanner: inout JSONScanner) throws(JSONSyntaxError) -> Bool {
        let start = scanner.position
        var progress = Progress()
        var fits = true
        try scanner.walkObject { (key, scanner) throws(JSONSyntaxError) in
            if fits {
                fits = try member(object, key, &progress, &scanner)
            } else {
                _ = try scanner.scanValue()
            }
        }
        guard fits else { return false }
        return try end(object, progress, start..<scanner.position, scanner.bytes)
    }

    @inline(__always)
    private mutating func member(
        _ object: Int, _ key: JSONToken, _ progress: inout Progress, _ scanner: inout JSONScanner
    ) throws(JSONSyntaxError) -> Bool {
        progress.count += 1
        var node = SchemaNode.Place.none
        let place = entry(of: key, nodes[object].entries, hint: progress.hint, scanner.bytes)
        if place >= 0 {
            progress.hint = place + 1
            progress.seen |= entries[place].requiredBit
            node = entries[place].node
        }
        guard node < 0 || nodes[object].hasRulesForNames else {
            if try value(node, &scanner) { return true }
            locate(key.text(in: scanner.bytes))
            return false
        }
        return try unusualMember(object, key, node: node, &scanner)
    }

    /// Which of the object's entries has this name, or -1.
    ///
    /// - Parameter hint: where to look first. Senders mostly keep the order of the specification, so the place behind
    ///   the last one found is mostly right.
    @inline(__always)
    private func entry(
        of key: JSONToken, _ places: Range<Int>, hint: Int, _ bytes: UnsafeRawBufferPointer
    ) -> Int {
        guard !key.hasEscapes else { return entry(ofEscaped: key, places, bytes) }
        return entry(of: UnsafeRawBufferPointer(rebasing: bytes[key.content]), places, hint: hint)
    }

    @inline(never)
    private func entry(ofEscaped key: JSONToken, _ places: Range<Int>, _ bytes: UnsafeRawBufferPointer) -> Int {
        ExactText(key.text(in: bytes)).utf8.withUnsafeBytes { entry(of: $0, places, hint: 0) }
    }

    @inline(__always)
    private func entry(of name: UnsafeRawBufferPointer, _ places: Range<Int>, hint: Int) -> Int {
        var place = hint
        for _ in 0..<places.count {
            if !places.contains(place) { place = places.lowerBound }
            let text = entries[place].name
            if text.count == name.count, name.hasSameBytes(as: schemaBytes, from: text.start) { return place }
            place += 1
        }
        return SchemaNode.Place.none
    }

    /// A member that `properties` does not have, or of an object with rules for names.
    @inline(never)
    private mutating func unusualMember(
        _ object: Int, _ key: JSONToken, node: Int, _ scanner: inout JSONScanner
    ) throws(JSONSyntaxError) -> Bool {
        let rules = rules.objects[nodes[object].object]
        let bytes = scanner.bytes
        var schemas = node < 0 ? [] : [node]
        for rule in rules.patterns where matches(rule.pattern, key, bytes) { schemas.append(rule.node) }
        let start = scanner.position
        if schemas.isEmpty {
            switch nodes[object].additional {
            case .allowed: break
            case .forbidden:
                _ = try scanner.scanValue()
                return fail(.unknownField, "unknown field", at: key.text(in: bytes))
            case .schema(let schema): schemas.append(schema)
            }
        }
        var fits = true
        if let names = rules.names { fits = try again(names, key.range, bytes) }
        if fits, let first = schemas.first {
            fits = try value(first, &scanner)
        } else {
            _ = try scanner.scanValue()
        }
        for next in schemas.dropFirst() where fits { fits = try again(next, start..<scanner.position, bytes) }
        if !fits { locate(key.text(in: bytes)) }
        return fits
    }

    @inline(__always)
    private mutating func end(
        _ object: Int, _ progress: Progress, _ range: Range<Int>, _ bytes: UnsafeRawBufferPointer
    ) throws(JSONSyntaxError) -> Bool {
        let missing = nodes[object].requiredBits & ~progress.seen
        if missing != 0 {
            let name = rules.objects[nodes[object].object].required[missing.trailingZeroBitCount]
            return fail(.missingField, "missing, but required", at: name)
        }
        let minimum = nodes[object].minimumProperties
        let maximum = nodes[object].maximumProperties
        guard progress.count >= minimum else {
            return fail(.constraint, "fewer than \(minimum.of("field"))")
        }
        guard progress.count <= maximum else {
            return fail(.constraint, "more than \(maximum.of("field"))")
        }
        return nodes[object].needsAllNames ? try namesEnd(object, range, bytes) : true
    }

    /// Rules that need the set of all names.
    @inline(never)
    private mutating func namesEnd(
        _ object: Int, _ range: Range<Int>, _ bytes: UnsafeRawBufferPointer
    ) throws(JSONSyntaxError) -> Bool {
        let rules = rules.objects[nodes[object].object]
        let text = UnsafeRawBufferPointer(rebasing: bytes[range])
        var names: Set<ExactText> = []
        try JSONScanner.forEachMember(of: text) { key, _ in
            names.insert(ExactText(key.text(in: text)))
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

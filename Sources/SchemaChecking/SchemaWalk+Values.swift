import JSONText

extension SchemaWalk {
    /// `enum` or `const`, for a value that the scanner has walked.
    mutating func isOne(of set: ValueSet, _ token: JSONToken, _ bytes: UnsafeRawBufferPointer) -> Bool {
        if token.kind == .string, !token.hasEscapes {
            guard !isText(of: set, UnsafeRawBufferPointer(rebasing: bytes[token.content])) else { return true }
        } else if isUnusualValue(of: set, token, bytes) {
            return true
        }
        let rules = rules
        return fail(.constraint, "\(Self.shown(token, bytes)) is not \(rules.values[set.values].inWords)")
    }

    /// The refused value, cut to 40 characters.
    @inline(never)
    private static func shown(_ token: JSONToken, _ bytes: UnsafeRawBufferPointer) -> String {
        guard token.kind == .string else {
            return String(decoding: UnsafeRawBufferPointer(rebasing: bytes[token.range]), as: UTF8.self).shortened
        }
        return "\"\(token.text(in: bytes).shortened)\""
    }

    @inline(__always)
    private func isText(of set: ValueSet, _ text: UnsafeRawBufferPointer) -> Bool {
        for place in set.texts
        where texts[place].count == text.count && text.hasSameBytes(as: schemaBytes, from: texts[place].start) {
            return true
        }
        return false
    }

    @inline(never)
    private func isUnusualValue(of set: ValueSet, _ token: JSONToken, _ bytes: UnsafeRawBufferPointer) -> Bool {
        if token.kind == .string {
            return ExactText(token.text(in: bytes)).utf8.withUnsafeBytes { isText(of: set, $0) }
        }
        let others = rules.values[set.values].others
        guard !others.isEmpty else { return false }
        let range = UnsafeRawBufferPointer(rebasing: bytes[token.range])
        guard let value = try? JSONTreeReader.read(range) else { return false }
        return others.contains(value)
    }

    /// `allOf`, `anyOf`, `oneOf` and `not`.
    @inline(never)
    mutating func combination(
        _ node: Int, _ range: Range<Int>, _ bytes: UnsafeRawBufferPointer
    ) throws(JSONSyntaxError) -> Bool {
        let rules = rules.combinations[nodes[node].combination]
        for node in rules.allOf {
            guard try again(node, range, bytes) else { return false }
        }
        if !rules.anyOf.isEmpty {
            var fitting = 0
            for node in rules.anyOf where fitting == 0 { fitting += try fits(node, range, bytes) ? 1 : 0 }
            guard fitting > 0 else { return fail(.constraint, "fits none of the forms that are allowed") }
        }
        if !rules.oneOf.isEmpty {
            var fitting = 0
            for node in rules.oneOf where fitting < 2 { fitting += try fits(node, range, bytes) ? 1 : 0 }
            guard fitting > 0 else { return fail(.constraint, "fits none of the forms that are allowed") }
            guard fitting == 1 else { return fail(.constraint, "fits more than one of the forms that are allowed") }
        }
        if let node = rules.not, try fits(node, range, bytes) {
            return fail(.constraint, "has a form that is not allowed")
        }
        return true
    }
}

extension String {
    /// Its first 40 characters (Unicode scalars).
    fileprivate var shortened: String {
        let cut = String(unicodeScalars.prefix(40))
        return cut.utf8.count < utf8.count ? cut + "…" : cut
    }
}

extension UnsafeRawBufferPointer {
    /// Whether `other` holds the same bytes from `start` on; it must hold that many.
    @inline(__always)
    func hasSameBytes(as other: UnsafeRawBufferPointer, from start: Int) -> Bool {
        guard count >= 8 else { return hasSameFewBytes(as: other, from: start) }
        var index = 0
        while index &+ 8 < count {
            guard hasSameWord(at: index, as: other, from: start) else { return false }
            index &+= 8
        }
        // The last word may overlap the one before.
        return hasSameWord(at: count &- 8, as: other, from: start)
    }

    @inline(__always)
    private func hasSameWord(at index: Int, as other: UnsafeRawBufferPointer, from start: Int) -> Bool {
        loadUnaligned(fromByteOffset: index, as: UInt64.self)
            == other.loadUnaligned(fromByteOffset: start &+ index, as: UInt64.self)
    }

    @inline(__always)
    private func hasSameFewBytes(as other: UnsafeRawBufferPointer, from start: Int) -> Bool {
        for index in 0..<count where self[index] != other[start &+ index] { return false }
        return true
    }
}

import JSONText

extension SchemaWalk {
    mutating func array(_ rules: ArrayRules, _ scanner: inout JSONScanner) throws(JSONSyntaxError) -> Bool {
        let start = scanner.position
        var count = 0
        var fits = true
        var isContained = false
        try scanner.expect(UInt8(ascii: "["))
        try scanner.enter()
        scanner.skipWhitespace()
        if !scanner.take(UInt8(ascii: "]")) {
            repeat {
                scanner.skipWhitespace()
                let itemStart = scanner.position
                let node = count < rules.first.count ? rules.first[count] : rules.others
                if fits, let node {
                    fits = try value(node, &scanner)
                    if !fits { locate(String(count)) }
                } else {
                    _ = try scanner.scanValue()
                }
                if let contained = rules.contains, fits, !isContained {
                    isContained = try self.fits(contained, itemStart..<scanner.position, scanner.bytes)
                }
                count += 1
                scanner.skipWhitespace()
            } while scanner.take(UInt8(ascii: ","))
            try scanner.expect(UInt8(ascii: "]"))
        }
        scanner.leave()
        guard fits else { return false }
        guard count >= rules.minimumCount else {
            return fail(.constraint, "fewer than \(rules.minimumCount.of("item"))")
        }
        guard count <= rules.maximumCount else {
            return fail(.constraint, "more than \(rules.maximumCount.of("item"))")
        }
        guard isContained || rules.contains == nil else {
            return fail(.constraint, "has no item of the kind that must be among them")
        }
        guard !rules.areUnique || count < 2 || areUnique(start..<scanner.position, scanner.bytes) else {
            return fail(.constraint, "has an item twice")
        }
        return true
    }

    /// By hashing, since comparing all with all would be too much for a long array.
    @inline(never)
    private func areUnique(_ range: Range<Int>, _ bytes: UnsafeRawBufferPointer) -> Bool {
        let text = UnsafeRawBufferPointer(rebasing: bytes[range])
        guard case .array(let items)? = try? JSONTreeReader.read(text) else { return false }
        return Set(items).count == items.count
    }
}

import JSONText

extension SchemaWalk {
    mutating func array(_ array: Int, _ scanner: inout JSONScanner) throws(JSONSyntaxError) -> Bool {
        let start = scanner.position
        var count = 0
        var fits = true
        var isContained = false
        try scanner.walkArray { (scanner) throws(JSONSyntaxError) in
            let itemStart = scanner.position
            let node = nodes[array].firstItems < 0 ? nodes[array].otherItems : self.node(ofItem: count, array)
            if fits, node >= 0 {
                fits = try value(node, &scanner)
                if !fits { locate(String(count)) }
            } else {
                _ = try scanner.scanValue()
            }
            if fits, !isContained, nodes[array].contains >= 0 {
                isContained = try self.fits(nodes[array].contains, itemStart..<scanner.position, scanner.bytes)
            }
            count += 1
        }
        guard fits else { return false }
        let minimum = nodes[array].minimumItems
        let maximum = nodes[array].maximumItems
        guard count >= minimum else {
            return fail(.constraint, "fewer than \(minimum.of("item"))")
        }
        guard count <= maximum else {
            return fail(.constraint, "more than \(maximum.of("item"))")
        }
        guard isContained || nodes[array].contains < 0 else {
            return fail(.constraint, "has no item of the kind that must be among them")
        }
        guard !nodes[array].areUnique || count < 2 || areUnique(start..<scanner.position, scanner.bytes) else {
            return fail(.constraint, "has an item twice")
        }
        return true
    }

    /// The schema of an item where `items` is a list.
    private func node(ofItem place: Int, _ array: Int) -> Int {
        let first = rules.firstItems[nodes[array].firstItems]
        return place < first.count ? first[place] : nodes[array].otherItems
    }

    /// By hashing, since comparing all with all would be too much for a long array.
    @inline(never)
    private func areUnique(_ range: Range<Int>, _ bytes: UnsafeRawBufferPointer) -> Bool {
        let text = UnsafeRawBufferPointer(rebasing: bytes[range])
        guard case .array(let items)? = try? JSONTreeReader.read(text) else { return false }
        return Set(items).count == items.count
    }
}

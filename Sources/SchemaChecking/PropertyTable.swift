import JSONText

/// The names that an object schema knows, compared as bytes.
struct PropertyTable: Sendable {
    struct Entry: Sendable {
        let nameStart: Int
        let nameCount: Int
        /// The property's schema, or -1 for a name that only `required` has.
        let node: Int
        /// The bit of a required name; 0 for others, and from the 65th on.
        let requiredBit: UInt64
    }

    private(set) var entries: [Entry] = []
    private var names: [UInt8] = []

    init(properties: [(name: String, node: Int)], required: [String]) {
        for property in properties {
            append(property.name, node: property.node, required: required)
        }
        let known = Set(properties.map { ExactText($0.name) })
        for name in required where !known.contains(ExactText(name)) {
            append(name, node: -1, required: required)
        }
    }

    private mutating func append(_ name: String, node: Int, required: [String]) {
        let text = ExactText(name)
        let place = required.prefix(64).firstIndex { ExactText($0) == text }
        entries.append(
            Entry(
                nameStart: names.count, nameCount: text.utf8.count, node: node,
                requiredBit: place.map { 1 << UInt64($0) } ?? 0))
        names.append(contentsOf: text.utf8)
    }

    /// The place of a name, or -1.
    ///
    /// - Parameter hint: where to look first. Senders mostly keep the order of the specification, so the place behind
    ///   the last one found is mostly right.
    @inline(__always)
    func place(of key: JSONToken, in bytes: UnsafeRawBufferPointer, hint: Int) -> Int {
        guard !key.hasEscapes else { return place(ofEscaped: key, in: bytes) }
        return place(of: UnsafeRawBufferPointer(rebasing: bytes[key.content]), hint: hint)
    }

    @inline(never)
    private func place(ofEscaped key: JSONToken, in bytes: UnsafeRawBufferPointer) -> Int {
        ExactText(key.text(in: bytes)).utf8.withUnsafeBytes { place(of: $0, hint: 0) }
    }

    private func place(of name: UnsafeRawBufferPointer, hint: Int) -> Int {
        names.withUnsafeBytes { names in
            entries.withUnsafeBufferPointer { entries in
                var place = hint
                for _ in 0..<entries.count {
                    if place >= entries.count { place = 0 }
                    let start = entries[place].nameStart
                    if entries[place].nameCount == name.count, name.hasSameBytes(as: names, from: start) {
                        return place
                    }
                    place += 1
                }
                return -1
            }
        }
    }
}

extension UnsafeRawBufferPointer {
    /// Whether `other` holds the same bytes from `start` on; it must hold that many.
    @inline(__always)
    func hasSameBytes(as other: UnsafeRawBufferPointer, from start: Int) -> Bool {
        var index = 0
        while index &+ 8 <= count {
            let left = loadUnaligned(fromByteOffset: index, as: UInt64.self)
            let right = other.loadUnaligned(fromByteOffset: start &+ index, as: UInt64.self)
            guard left == right else { return false }
            index &+= 8
        }
        while index < count {
            guard self[index] == other[start &+ index] else { return false }
            index &+= 1
        }
        return true
    }
}

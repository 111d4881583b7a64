import TestSupport

/// Ways to damage a text.
package enum ByteMutation: CaseIterable {
    case flipBit, replace, delete, insert, duplicate, truncate, exchange

    /// What breaks JSON in the most telling places.
    private static let insertions: [[UInt8]] =
        [
            "\"", "\\", "\\u", "\\ud83d", "\\udc00", "\\u00e9", "\\x", "{", "}", "[", "]", ",", ":", "-", "0", "1", ".",
            "e",
            "null", "true", " ", "\u{0}", "\u{1F}", "\n", "\u{7F}", "é", "€", "😀", "\u{FEFF}",
        ].map { Array($0.utf8) } + [
            [0x80], [0xBF], [0xC0, 0x80], [0xC1, 0xBF], [0xC3], [0xE0, 0x9F, 0xBF], [0xE2, 0x82], [0xED, 0xA0, 0x80],
            [0xF0, 0x8F, 0xBF, 0xBF], [0xF0, 0x9F, 0x98], [0xF4, 0x90, 0x80, 0x80], [0xF5], [0xFF],
        ]

    /// Damages `bytes` up to `times` times.
    package static func mutate(_ bytes: inout [UInt8], times: Int, random: inout SeededRandom) {
        for _ in 0..<times where !bytes.isEmpty {
            random.pick(allCases).apply(to: &bytes, random: &random)
        }
    }

    private func apply(to bytes: inout [UInt8], random: inout SeededRandom) {
        let place = random.below(bytes.count)
        let end = min(bytes.count, place + 1 + random.below(8))
        switch self {
        case .flipBit: bytes[place] ^= 1 << UInt8(random.below(8))
        case .replace: bytes[place] = random.pick(Self.insertions)[0]
        case .delete: bytes.removeSubrange(place..<end)
        case .insert: bytes.insert(contentsOf: random.pick(Self.insertions), at: place)
        case .duplicate: bytes.insert(contentsOf: bytes[place..<end], at: place)
        case .truncate: bytes.removeSubrange(place...)
        case .exchange: bytes.swapAt(place, random.below(bytes.count))
        }
    }
}

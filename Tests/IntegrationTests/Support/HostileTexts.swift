import TestSupport

/// Bad and mutated messages from a seeded generator: a failure comes again with the same seed.
struct HostileTexts {
    private static let tokens: [[UInt8]] = [
        #"""#, #"\"#, #"\\"#, #"\""#, #"\u0000"#, #"\u00e9"#, #"\q"#, "[", "]", "{", "}", ",", ":", "null", "true", "2",
        "3", "4", "-1", "1e5", "0.1", "-0", "01", "{}", "[]", "é", "😀", "\u{0}", "\u{1F}", "\n", " ", "\u{7F}",
        "\u{FEFF}", "Heartbeat", #""-1""#, #""UniqueId""#, #""Payload":{}"#, #","Action":"Reset""#,
        String(repeating: "[", count: 70), String(repeating: #"{"a":"#, count: 70), String(repeating: "x", count: 300),
    ].map { Array($0.utf8) }

    private var random: SeededRandom
    private let seeds: [[UInt8]]

    init(seed: UInt64, mutating texts: [String]) {
        random = SeededRandom(seed: seed)
        seeds = texts.map { Array($0.utf8) }
    }

    /// Bytes that may be no UTF-8.
    mutating func nextBytes() -> [UInt8] {
        var bytes = seeds.randomElement(using: &random) ?? []
        for _ in 0..<Int.random(in: 0...4, using: &random) {
            mutate(&bytes)
        }
        return bytes
    }

    mutating func nextText() -> String {
        String(decoding: nextBytes(), as: UTF8.self)
    }

    private mutating func mutate(_ bytes: inout [UInt8]) {
        let place = Int.random(in: 0...bytes.count, using: &random)
        let end = min(bytes.count, place + Int.random(in: 1...8, using: &random))
        switch Int.random(in: 0...6, using: &random) {
        case 0:
            bytes.removeSubrange(place..<end)
        case 1:
            bytes.insert(contentsOf: bytes[place..<end], at: place)
        case 2:
            bytes.removeSubrange(place...)
        case 3:
            if place < bytes.count {
                bytes[place] = UInt8.random(in: 0...255, using: &random)
            }
        case 4:
            if place < bytes.count {
                bytes[place] ^= 1 << UInt8.random(in: 0...7, using: &random)
            }
        default:
            bytes.insert(contentsOf: Self.tokens.randomElement(using: &random) ?? [], at: place)
        }
    }
}

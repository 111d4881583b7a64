import JSONText
import Testing

/// UTF-8 as The Unicode Standard's table 3-7 has it, byte by byte.
@Suite struct UTF8Tests {
    /// The table: the ranges of the bytes of each well-formed sequence of more than one byte.
    private static let table: [[ClosedRange<UInt8>]] = [
        [0xC2...0xDF, 0x80...0xBF],
        [0xE0...0xE0, 0xA0...0xBF, 0x80...0xBF],
        [0xE1...0xEC, 0x80...0xBF, 0x80...0xBF],
        [0xED...0xED, 0x80...0x9F, 0x80...0xBF],
        [0xEE...0xEF, 0x80...0xBF, 0x80...0xBF],
        [0xF0...0xF0, 0x90...0xBF, 0x80...0xBF, 0x80...0xBF],
        [0xF1...0xF3, 0x80...0xBF, 0x80...0xBF, 0x80...0xBF],
        [0xF4...0xF4, 0x80...0x8F, 0x80...0xBF, 0x80...0xBF],
    ]

    private static func isWellFormed(_ bytes: [UInt8]) -> Bool {
        table.contains { row in row.count == bytes.count && zip(row, bytes).allSatisfy { $0.contains($1) } }
    }

    private func inString(_ bytes: [UInt8]) -> [UInt8] {
        [0x22] + bytes + [0x22]
    }

    @Test(arguments: Array(UInt8(0x80)...0xFF))
    func `A first byte may be followed by the bytes of the table only`(first: UInt8) {
        // The ends of all ranges of the table and their neighbours.
        let others: [UInt8] = [0x00, 0x22, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC2, 0xE0, 0xFF]
        #expect(refusal(inString([first])) == .invalidUTF8)
        for second in UInt8.min...UInt8.max {
            let pair = [first, second]
            #expect((refusal(inString(pair)) == nil) == Self.isWellFormed(pair), "\(pair)")
        }
        for second in others {
            for third in others {
                let triple = [first, second, third]
                if Self.isWellFormed([first, second]) { continue }
                #expect((refusal(inString(triple)) == nil) == Self.isWellFormed(triple), "\(triple)")
                if Self.isWellFormed(triple) { continue }
                for fourth in others {
                    let four = triple + [fourth]
                    #expect((refusal(inString(four)) == nil) == Self.isWellFormed(four), "\(four)")
                }
            }
        }
    }

    @Test(arguments: table.indices)
    func `Every byte of a sequence is held against its range`(row: Int) throws {
        let ranges = Self.table[row]
        for lowest in [true, false] {
            let sequence = ranges.map { lowest ? $0.lowerBound : $0.upperBound }
            #expect(try decoded(inString(sequence)) == Array(String(decoding: sequence, as: UTF8.self).unicodeScalars))
            for place in 1..<ranges.count {
                for byte in UInt8.min...UInt8.max {
                    var changed = sequence
                    changed[place] = byte
                    let error = refusal(inString(changed))
                    #expect((error == nil) == ranges[place].contains(byte), "\(changed)")
                    if error != nil { #expect(error == .invalidUTF8, "\(changed)") }
                }
                // Cut off by the end of the string, and by the end of the text.
                let cut = Array(sequence[..<place])
                #expect(refusal(inString(cut)) == .invalidUTF8)
                #expect(refusal([0x22] + cut) == .invalidUTF8)
            }
        }
    }

    @Test func `A character of every length is taken in a key too`() {
        for character in ["\u{80}", "\u{7FF}", "\u{800}", "\u{FFFF}", "\u{10000}", "\u{10FFFF}"] {
            #expect(refusal("{\"\(character)\":[\"\(character)\"]}") == nil)
        }
        #expect(refusal(Array("{\"a".utf8) + [0xC0, 0xAF] + Array("\":1}".utf8)) == .invalidUTF8)
    }

    @Test func `Outside of strings there is nothing but ASCII`() {
        #expect(refusal("é") == .unexpectedByte)
        #expect(refusal("[é]") == .unexpectedByte)
        #expect(refusal([0xFF]) == .unexpectedByte)
    }
}

/// A regular expression of `pattern` and `patternProperties`: ECMA-262 without back references and look-around, which
/// no machine can match in bounded time. All alternatives are followed at once, one character after the other, so the
/// time is at most the pattern's size times the text's length, whatever the text is.
struct Pattern: Sendable {
    enum Instruction: Sendable {
        case character(PatternSet)
        case start
        case end
        /// `\b`, or `\B`.
        case wordBoundary(Bool)
        case split(Int, Int)
        case jump(Int)
        case match
    }

    /// A pattern whose repetitions, written out, have more parts is refused.
    static let maximumSize = 10_000

    let program: [Instruction]
    /// As the schema has it.
    let text: String

    init(_ text: String) throws(PatternError) {
        self.text = text
        var parser = PatternParser(text)
        let tree = try parser.parse()
        var writer = PatternWriter()
        try writer.write(tree)
        program = writer.program + [.match]
    }

    /// Whether the pattern matches anywhere in a text, given as UTF-8.
    ///
    /// - Parameter budget: the steps that may still be taken; they are subtracted. When they run out, the answer is no.
    func matches(_ text: some Sequence<UInt8>, budget: inout Int) -> Bool {
        var run = PatternRun(program: program, budget: budget)
        defer { budget = run.budget }
        return run.matches(text)
    }
}

/// Why a text is no pattern that can be used.
struct PatternError: Error, Sendable, Equatable {
    let reason: String
}

/// Characters that one place of a pattern takes: ranges of Unicode scalars.
struct PatternSet: Sendable, Equatable {
    var ranges: [ClosedRange<UInt32>] = []
    var isInverted = false

    func contains(_ scalar: UInt32) -> Bool {
        ranges.contains { $0.contains(scalar) } != isInverted
    }

    /// The same characters without an inversion, so that sets can be joined.
    var plainRanges: [ClosedRange<UInt32>] {
        guard isInverted else { return ranges }
        var result: [ClosedRange<UInt32>] = []
        var next: UInt32 = 0
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if range.lowerBound > next { result.append(next...(range.lowerBound - 1)) }
            next = max(next, range.upperBound + 1)
        }
        if next <= 0x10FFFF { result.append(next...0x10FFFF) }
        return result
    }

    static let digits = PatternSet(ranges: [0x30...0x39])
    static let wordCharacters = PatternSet(ranges: [0x30...0x39, 0x41...0x5A, 0x5F...0x5F, 0x61...0x7A])
    /// WhiteSpace and LineTerminator of ECMA-262.
    static let spaces = PatternSet(ranges: [
        0x09...0x0D, 0x20...0x20, 0xA0...0xA0, 0x1680...0x1680, 0x2000...0x200A, 0x2028...0x2029, 0x202F...0x202F,
        0x205F...0x205F, 0x3000...0x3000, 0xFEFF...0xFEFF,
    ])
    /// `.`
    static let notLineTerminators = PatternSet(
        ranges: [0x0A...0x0A, 0x0D...0x0D, 0x2028...0x2029], isInverted: true)

    static func one(_ scalar: UInt32) -> PatternSet { PatternSet(ranges: [scalar...scalar]) }

    var inverted: PatternSet { PatternSet(ranges: ranges, isInverted: !isInverted) }
}

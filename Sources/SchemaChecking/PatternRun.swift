/// One search for a pattern in one text.
struct PatternRun {
    let program: [Pattern.Instruction]
    private(set) var budget: Int
    /// The character instructions that wait for the next character.
    private var waiting: [Int] = []
    /// The round in which an instruction was last followed.
    private var followed: [Int]
    private var stack: [Int] = []
    private var round = 0

    init(program: [Pattern.Instruction], budget: Int) {
        self.program = program
        self.budget = budget
        followed = Array(repeating: -1, count: program.count)
    }

    mutating func matches(_ text: some Sequence<UInt8>) -> Bool {
        var decoder = UTF8()
        var bytes = text.makeIterator()
        var previous: UInt32?
        var next = decoder.nextScalar(&bytes)
        var current: [Int] = []
        while true {
            // The characters that the last one led to wait already; a match may also begin here.
            if follow(0, previous: previous, next: next) { return true }
            guard let scalar = next, budget > 0 else { return false }
            swap(&current, &waiting)
            waiting.removeAll(keepingCapacity: true)
            round += 1
            previous = scalar
            next = decoder.nextScalar(&bytes)
            for place in current {
                budget -= 1
                guard case .character(let set) = program[place], set.contains(scalar) else { continue }
                if follow(place + 1, previous: previous, next: next) { return true }
            }
        }
    }

    /// Follows what needs no character from an instruction on; true at a match.
    private mutating func follow(_ start: Int, previous: UInt32?, next: UInt32?) -> Bool {
        stack.append(start)
        while let place = stack.popLast() {
            guard followed[place] != round else { continue }
            followed[place] = round
            budget -= 1
            switch program[place] {
            case .match: return true
            case .character: waiting.append(place)
            case .jump(let target): stack.append(target)
            case .split(let one, let other):
                stack.append(other)
                stack.append(one)
            case .start: if previous == nil { stack.append(place + 1) }
            case .end: if next == nil { stack.append(place + 1) }
            case .wordBoundary(let expected):
                if (isWord(previous) != isWord(next)) == expected { stack.append(place + 1) }
            }
        }
        return false
    }

    private func isWord(_ scalar: UInt32?) -> Bool {
        scalar.map(PatternSet.wordCharacters.contains) ?? false
    }
}

extension UTF8 {
    fileprivate mutating func nextScalar(_ bytes: inout some IteratorProtocol<UInt8>) -> UInt32? {
        guard case .scalarValue(let scalar) = decode(&bytes) else { return nil }
        return scalar.value
    }
}

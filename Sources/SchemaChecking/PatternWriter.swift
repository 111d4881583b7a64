/// Writes a pattern's tree out as a program of limited size.
struct PatternWriter {
    private(set) var program: [Pattern.Instruction] = []

    mutating func write(_ tree: PatternTree) throws(PatternError) {
        switch tree {
        case .empty: break
        case .character(let set): try append(.character(set))
        case .start: try append(.start)
        case .end: try append(.end)
        case .wordBoundary(let isBoundary): try append(.wordBoundary(isBoundary))
        case .sequence(let parts): for part in parts { try write(part) }
        case .alternatives(let alternatives): try write(alternatives: alternatives)
        case .repetition(let part, let minimum, let maximum):
            try write(part, minimum: minimum, maximum: maximum)
        }
    }

    private mutating func append(_ instruction: Pattern.Instruction) throws(PatternError) {
        guard program.count < Pattern.maximumSize else {
            throw PatternError(reason: "too large: over \(Pattern.maximumSize) parts")
        }
        program.append(instruction)
    }

    private mutating func write(alternatives: [PatternTree]) throws(PatternError) {
        var jumps: [Int] = []
        for alternative in alternatives.dropLast() {
            let split = program.count
            try append(.split(split + 1, 0))
            try write(alternative)
            jumps.append(program.count)
            try append(.jump(0))
            program[split] = .split(split + 1, program.count)
        }
        if let last = alternatives.last { try write(last) }
        for jump in jumps { program[jump] = .jump(program.count) }
    }

    private mutating func write(_ part: PatternTree, minimum: Int, maximum: Int?) throws(PatternError) {
        for _ in 0..<minimum {
            let size = program.count
            try write(part)
            guard program.count > size else { return }  // Nothing, any number of times.
        }
        guard let maximum else {
            let split = program.count
            try append(.split(split + 1, 0))
            try write(part)
            try append(.jump(split))
            program[split] = .split(split + 1, program.count)
            return
        }
        var splits: [Int] = []
        for _ in minimum..<maximum {
            splits.append(program.count)
            try append(.split(program.count + 1, 0))
            try write(part)
        }
        for split in splits { program[split] = .split(split + 1, program.count) }
    }
}

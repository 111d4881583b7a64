/// What a pattern says.
indirect enum PatternTree {
    case empty
    case character(PatternSet)
    case start
    case end
    case wordBoundary(Bool)
    case sequence([PatternTree])
    case alternatives([PatternTree])
    case repetition(PatternTree, minimum: Int, maximum: Int?)
}

/// Reads the text of a pattern (ECMA-262, 21.2.1, with annex B's leniency for literal braces and brackets).
struct PatternParser {
    private static let maximumDepth = 100

    private var rest: Substring.UnicodeScalarView
    private var depth = 0

    init(_ text: String) {
        rest = text[...].unicodeScalars
    }

    mutating func parse() throws(PatternError) -> PatternTree {
        let tree = try alternatives()
        guard rest.isEmpty else { throw PatternError(reason: "a \")\" too many") }
        return tree
    }

    private mutating func alternatives() throws(PatternError) -> PatternTree {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.maximumDepth else { throw PatternError(reason: "groups nested too deeply") }
        var alternatives = [try sequence()]
        while take("|") { alternatives.append(try sequence()) }
        return alternatives.count == 1 ? alternatives[0] : .alternatives(alternatives)
    }

    private mutating func sequence() throws(PatternError) -> PatternTree {
        var parts: [PatternTree] = []
        while let next = rest.first, next != "|", next != ")" {
            let part = try atom()
            parts.append(try repeated(part))
        }
        return parts.count == 1 ? parts[0] : .sequence(parts)
    }

    private mutating func atom() throws(PatternError) -> PatternTree {
        guard let next = rest.popFirst() else { return .empty }
        switch next {
        case "^": return .start
        case "$": return .end
        case ".": return .character(.notLineTerminators)
        case "(": return try group()
        case "[": return .character(try set())
        case "\\": return try escape()
        case "*", "+", "?": throw PatternError(reason: "nothing to repeat in front of \"\(next)\"")
        case "{":
            var copy = self
            guard try copy.bounds() == nil else { throw PatternError(reason: "nothing to repeat in front of \"{\"") }
            return .character(.one(next.value))
        default: return .character(.one(next.value))
        }
    }

    private mutating func group() throws(PatternError) -> PatternTree {
        if take("?") {
            if take("<") {
                guard rest.first != "=", rest.first != "!" else {
                    throw PatternError(reason: "look-behind is not supported")
                }
                guard let end = rest.firstIndex(of: ">"), end > rest.startIndex else {
                    throw PatternError(reason: "a group's name without its end")
                }
                rest = rest[rest.index(after: end)...]
            } else if rest.first == "=" || rest.first == "!" {
                throw PatternError(reason: "look-ahead is not supported")
            } else if !take(":") {
                throw PatternError(reason: "an unknown kind of group")
            }
        }
        let tree = try alternatives()
        guard take(")") else { throw PatternError(reason: "a group without its \")\"") }
        return tree
    }

    private mutating func repeated(_ part: PatternTree) throws(PatternError) -> PatternTree {
        let bounds: (minimum: Int, maximum: Int?)
        if take("*") {
            bounds = (0, nil)
        } else if take("+") {
            bounds = (1, nil)
        } else if take("?") {
            bounds = (0, 1)
        } else if rest.first == "{" {
            var copy = self
            _ = copy.take("{")
            guard let given = try copy.bounds() else { return part }
            self = copy
            bounds = given
        } else {
            return part
        }
        _ = take("?")  // Lazy or not makes no difference to whether there is a match.
        switch part {
        case .start, .end, .wordBoundary: throw PatternError(reason: "an assertion cannot be repeated")
        default: return .repetition(part, minimum: bounds.minimum, maximum: bounds.maximum)
        }
    }

    /// `n}`, `n,}` or `n,m}` behind a brace; nil if it is something else, and then the brace is itself.
    private mutating func bounds() throws(PatternError) -> (minimum: Int, maximum: Int?)? {
        guard let minimum = try wholeNumber() else { return nil }
        if take("}") { return (minimum, minimum) }
        guard take(",") else { return nil }
        if take("}") { return (minimum, nil) }
        guard let maximum = try wholeNumber(), take("}") else { return nil }
        guard minimum <= maximum else { throw PatternError(reason: "a repetition's bounds in the wrong order") }
        return (minimum, maximum)
    }

    private mutating func wholeNumber() throws(PatternError) -> Int? {
        var value: Int?
        while let digit = rest.first, "0"..."9" ~= digit {
            value = (value ?? 0) * 10 + Int(digit.value - 0x30)
            guard value ?? 0 <= Pattern.maximumSize else { throw PatternError(reason: "too large a repetition") }
            rest.removeFirst()
        }
        return value
    }

    private mutating func set() throws(PatternError) -> PatternSet {
        var set = PatternSet(isInverted: take("^"))
        while let next = rest.first {
            if take("]") { return set }
            rest.removeFirst()
            let low = next == "\\" ? try setEscape() : .one(next.value)
            guard rest.first == "-", rest.dropFirst().first != "]" else {
                set.ranges += low.plainRanges
                continue
            }
            rest.removeFirst()
            guard let last = rest.popFirst() else { break }
            let high = last == "\\" ? try setEscape() : .one(last.value)
            guard let from = low.single, let to = high.single else {
                set.ranges += low.plainRanges + high.plainRanges + [0x2D...0x2D]  // `[\w-.]`: a hyphen is itself.
                continue
            }
            guard from <= to else { throw PatternError(reason: "a range of characters in the wrong order") }
            set.ranges.append(from...to)
        }
        throw PatternError(reason: "a set of characters without its \"]\"")
    }

    private mutating func setEscape() throws(PatternError) -> PatternSet {
        switch rest.first {
        case "b":
            rest.removeFirst()
            return .one(0x08)
        case "-":
            rest.removeFirst()
            return .one(0x2D)
        default:
            guard case .character(let set) = try escape() else { throw PatternError(reason: "an escape in a set") }
            return set
        }
    }

    /// What stands behind a backslash.
    private mutating func escape() throws(PatternError) -> PatternTree {
        guard let next = rest.popFirst() else { throw PatternError(reason: "a backslash at the end") }
        switch next {
        case "d": return .character(.digits)
        case "D": return .character(.digits.inverted)
        case "w": return .character(.wordCharacters)
        case "W": return .character(.wordCharacters.inverted)
        case "s": return .character(.spaces)
        case "S": return .character(.spaces.inverted)
        case "b": return .wordBoundary(true)
        case "B": return .wordBoundary(false)
        case "t": return .character(.one(0x09))
        case "n": return .character(.one(0x0A))
        case "v": return .character(.one(0x0B))
        case "f": return .character(.one(0x0C))
        case "r": return .character(.one(0x0D))
        case "c":
            guard let letter = rest.popFirst(), letter.isASCII, letter.properties.isAlphabetic else {
                throw PatternError(reason: "\\c without a letter")
            }
            return .character(.one(letter.value & 0x1F))
        case "x": return .character(.one(try hexadecimal(digits: 2)))
        case "u": return .character(.one(try unicodeEscape()))
        case "0" where !(rest.first.map { "0"..."9" ~= $0 } ?? false): return .character(.one(0))
        case "0"..."9", "k": throw PatternError(reason: "back references are not supported")
        default:
            guard !next.isASCII || !next.properties.isAlphabetic else {
                throw PatternError(reason: "\\\(next) is not supported")
            }
            return .character(.one(next.value))
        }
    }

    private mutating func unicodeEscape() throws(PatternError) -> UInt32 {
        if take("{") {
            var value: UInt32 = 0
            while let digit = rest.popFirst() {
                if digit == "}", value <= 0x10FFFF { return value }
                guard let digit = UInt8(exactly: digit.value)?.hexadecimalValue, value <= 0x10FFFF else { break }
                value = value << 4 | UInt32(digit)
            }
            throw PatternError(reason: "\\u{ without a code point and }")
        }
        let unit = try hexadecimal(digits: 4)
        switch unit {
        case 0xD800...0xDBFF:
            guard take("\\"), take("u"), case let low = try hexadecimal(digits: 4), 0xDC00...0xDFFF ~= low else {
                throw PatternError(reason: "half of a surrogate pair")
            }
            return 0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00)
        case 0xDC00...0xDFFF: throw PatternError(reason: "half of a surrogate pair")
        default: return unit
        }
    }

    private mutating func hexadecimal(digits: Int) throws(PatternError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<digits {
            guard let next = rest.popFirst(), let digit = UInt8(exactly: next.value)?.hexadecimalValue else {
                throw PatternError(reason: "an escape without its \(digits) hexadecimal digits")
            }
            value = value << 4 | UInt32(digit)
        }
        return value
    }

    private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard rest.first == scalar else { return false }
        rest.removeFirst()
        return true
    }
}

extension PatternSet {
    /// The only character of the set.
    fileprivate var single: UInt32? {
        guard !isInverted, ranges.count == 1, ranges[0].count == 1 else { return nil }
        return ranges[0].lowerBound
    }
}

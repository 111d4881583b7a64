/// The value of a JSON number, exactly: 0.d₁d₂…dₙ × 10^exponent. A schema's own numbers are kept like this.
struct DecimalNumber: Hashable, Sendable {
    var isNegative: Bool
    /// Values 0 to 9, without zeros at either end; none at all is zero.
    var digits: [UInt8]
    var exponent: Int

    init(_ text: DecimalText) {
        isNegative = text.isNegative && text.count > 0
        digits = Array(text)
        exponent = text.exponent
    }

    /// As a whole number that fits `Int`.
    var integer: Int? {
        guard !digits.isEmpty else { return 0 }
        guard exponent >= digits.count, exponent <= 18 else { return nil }
        var value = 0
        for place in 0..<exponent { value = value * 10 + (place < digits.count ? Int(digits[place]) : 0) }
        return isNegative ? -value : value
    }

    var isPositive: Bool { !digits.isEmpty && !isNegative }
}

/// The literal of a JSON number, read in place: what it is worth, without arithmetic on binary fractions and without
/// allocation. Its digits are a sequence.
struct DecimalText: Sequence, IteratorProtocol {
    /// Beyond this an exponent is as good as infinite; it bounds all arithmetic with exponents.
    private static let exponentLimit = 1 << 40

    private let bytes: UnsafeRawBufferPointer
    let isNegative: Bool
    /// Significant digits.
    private(set) var count = 0
    /// Of 0.d₁d₂…dₙ × 10^exponent.
    private(set) var exponent = 0
    /// The literal has neither a fraction nor an exponent, which is what draft 4 calls an integer.
    private(set) var isPlainInteger = true
    private var position = 0
    private var remaining = 0

    /// - Parameter bytes: a number that a scanner has proved well-formed.
    init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
        isNegative = bytes.first == UInt8(ascii: "-")
        var seen = 0  // digits since the first significant one
        var pointAfter: Int?  // of those, in front of the decimal point
        var leadingZeros = 0  // behind the point, in front of the first significant digit
        var index = isNegative ? 1 : 0
        loop: while index < bytes.count {
            let byte = bytes[index]
            switch byte {
            case UInt8(ascii: "."):
                isPlainInteger = false
                pointAfter = seen
            case UInt8(ascii: "e"), UInt8(ascii: "E"):
                isPlainInteger = false
                break loop
            case UInt8(ascii: "0"):
                if seen > 0 { seen += 1 } else if pointAfter != nil { leadingZeros += 1 }
            default:
                if seen == 0 { position = index }
                seen += 1
                count = seen
            }
            index += 1
        }
        remaining = count
        guard count > 0 else { return }
        exponent = (pointAfter ?? seen) - leadingZeros
        if index < bytes.count { exponent += Self.exponent(bytes, from: index + 1) }
    }

    private static func exponent(_ bytes: UnsafeRawBufferPointer, from start: Int) -> Int {
        var value = 0
        var isNegative = false
        for index in start..<bytes.count {
            switch bytes[index] {
            case UInt8(ascii: "-"): isNegative = true
            case UInt8(ascii: "+"): break
            default: value = Swift.min(value * 10 + Int(bytes[index] - UInt8(ascii: "0")), exponentLimit)
            }
        }
        return isNegative ? -value : value
    }

    mutating func next() -> UInt8? {
        guard remaining > 0 else { return nil }
        if bytes[position] == UInt8(ascii: ".") { position += 1 }
        defer {
            position += 1
            remaining -= 1
        }
        return bytes[position] - UInt8(ascii: "0")
    }

    /// 1.0 and 1e3 are whole numbers, 1.5 is none.
    var isWhole: Bool { count == 0 || exponent >= count }

    /// Negative, zero or positive: how this compares with `other`.
    func compared(to other: DecimalNumber) -> Int {
        if count == 0 || other.digits.isEmpty || isNegative != other.isNegative {
            return sign - other.sign
        }
        return magnitude(comparedTo: other) * (isNegative ? -1 : 1)
    }

    private var sign: Int { count == 0 ? 0 : isNegative ? -1 : 1 }

    private func magnitude(comparedTo other: DecimalNumber) -> Int {
        guard exponent == other.exponent else { return exponent < other.exponent ? -1 : 1 }
        var place = 0
        for digit in self {
            guard place < other.digits.count else { return 1 }
            guard digit == other.digits[place] else { return digit < other.digits[place] ? -1 : 1 }
            place += 1
        }
        return place < other.digits.count ? -1 : 0
    }
}

extension DecimalNumber {
    fileprivate var sign: Int { digits.isEmpty ? 0 : isNegative ? -1 : 1 }
}

/// The divisor of `multipleOf`, a decimal number with at most 18 significant digits.
struct DecimalDivisor: Sendable {
    private let significand: UInt64
    /// The divisor is significand × 10^scale.
    private let scale: Int
    /// As the schema has it, for descriptions.
    let text: String

    /// Nil for a number that is not positive or has more than 18 digits.
    init?(_ number: DecimalNumber, text: String) {
        guard number.isPositive, number.digits.count <= 18 else { return nil }
        significand = number.digits.reduce(0) { $0 * 10 + UInt64($1) }
        scale = number.exponent - number.digits.count
        self.text = text
    }

    func divides(_ number: DecimalText) -> Bool {
        guard number.count > 0 else { return true }
        let shift = number.exponent - number.count - scale
        // The digits do not end in 0, so as a whole number they are no multiple of anything that is one of 10.
        guard shift >= 0 else { return false }
        var remainder: UInt64 = 0
        for digit in number { remainder = (remainder * 10 + UInt64(digit)) % significand }
        return product(remainder, powerOfTen(shift)) == 0
    }

    private func powerOfTen(_ exponent: Int) -> UInt64 {
        var result = 1 % significand
        var base = 10 % significand
        var rest = exponent
        while rest > 0 {
            if rest & 1 == 1 { result = product(result, base) }
            base = product(base, base)
            rest >>= 1
        }
        return result
    }

    private func product(_ left: UInt64, _ right: UInt64) -> UInt64 {
        significand.dividingFullWidth(left.multipliedFullWidth(by: right)).remainder
    }
}

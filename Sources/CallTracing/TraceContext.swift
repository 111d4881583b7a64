/// The trace that something belongs to, and its place there, as W3C Trace Context puts it on the way.
package struct TraceContext: Sendable, Hashable {
    /// A `traceparent` of version 00 is always so long.
    package static let length = 55

    package let traceID: TraceID
    package let spanID: SpanID
    /// Whoever began the trace wants its spans.
    package let isSampled: Bool

    package init(traceID: TraceID, spanID: SpanID, isSampled: Bool) {
        self.traceID = traceID
        self.spanID = spanID
        self.isSampled = isSampled
    }

    /// Reads a `traceparent`: version 00, lower-case hexadecimal digits, no id that is all zeros.
    package init?(traceparent text: String) {
        // 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
        let bytes = Array(text.utf8.prefix(Self.length + 1))
        let dash = UInt8(ascii: "-")
        guard bytes.count == Self.length, bytes[2] == dash, bytes[35] == dash, bytes[52] == dash,
            Self.number(bytes[0..<2]) == 0, let high = Self.number(bytes[3..<19]),
            let low = Self.number(bytes[19..<35]),
            let span = Self.number(bytes[36..<52]), let flags = Self.number(bytes[53..<55]),
            let traceID = TraceID(high: high, low: low), let spanID = SpanID(span)
        else { return nil }
        self.init(traceID: traceID, spanID: spanID, isSampled: flags & 1 == 1)
    }

    /// At most 16 lower-case hexadecimal digits.
    private static func number(_ digits: ArraySlice<UInt8>) -> UInt64? {
        var number: UInt64 = 0
        for digit in digits {
            switch digit {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): number = number << 4 | UInt64(digit - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"): number = number << 4 | UInt64(digit - UInt8(ascii: "a") + 10)
            default: return nil
            }
        }
        return number
    }

    package var traceparent: String { "00-\(traceID)-\(spanID)-\(isSampled ? "01" : "00")" }
}

/// Never all zeros.
package struct TraceID: Sendable, Hashable, CustomStringConvertible {
    let high: UInt64
    let low: UInt64

    init?(high: UInt64, low: UInt64) {
        guard high | low != 0 else { return nil }
        self.high = high
        self.low = low
    }

    package var description: String { high.sixteenDigits + low.sixteenDigits }
}

/// Never all zeros.
package struct SpanID: Sendable, Hashable, CustomStringConvertible {
    private let number: UInt64

    init?(_ number: UInt64) {
        guard number != 0 else { return nil }
        self.number = number
    }

    static func random() -> SpanID {
        while true {
            if let id = SpanID(.random(in: .min ... .max)) { return id }
        }
    }

    package var description: String { number.sixteenDigits }
}

extension UInt64 {
    fileprivate var sixteenDigits: String {
        let digits = String(self, radix: 16)
        return String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }
}

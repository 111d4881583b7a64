import JSONText
import ReferenceJSON
import Testing

/// Random texts, whole and damaged, read by the scanner and by the reference parser: they must agree on all of it.
@Suite struct ScannerPropertyTests {
    static let casesPerSeries = 30_000

    /// A case is known by its seed alone: to see a failing one again, call `check(seed:)` with the seed it names.
    @Test(arguments: 0..<8)
    func `The scanner agrees with the reference parser`(series: Int) {
        var accepted = 0
        for index in 0..<Self.casesPerSeries {
            guard let isJSON = check(seed: UInt64(series) << 32 | UInt64(index)) else { return }
            if isJSON { accepted += 1 }
        }
        // The cases are worth something only while both kinds are among them.
        #expect(accepted > Self.casesPerSeries / 4 && accepted < Self.casesPerSeries * 3 / 4, "\(accepted) accepted")
    }

    /// Whether the case of this seed is JSON; nil where the two disagree.
    private func check(seed: UInt64) -> Bool? {
        var generator = JSONTextGenerator(seed: seed)
        var bytes = generator.text()
        if !generator.random.once(in: 3) {
            let times = 1 + generator.random.below(3)
            ByteMutation.mutate(&bytes, times: times, random: &generator.random)
        }
        let expected = ReferenceParser.read(bytes)
        if let difference = bytes.withUnsafeBytes({ Comparison(bytes: $0).difference(from: expected) }) {
            Issue.record("seed \(seed): \(difference), in \(String(decoding: bytes, as: UTF8.self)) = \(bytes)")
            return nil
        }
        return expected.value != nil
    }
}

/// Reads bytes with the scanner, the outermost level value by value, and says where the reference reads otherwise.
private struct Comparison {
    let bytes: UnsafeRawBufferPointer

    func difference(from expected: ReferenceParser.Reading) -> String? {
        var scanner = JSONScanner(bytes)
        let token: JSONToken
        do throws(JSONSyntaxError) {
            scanner.skipWhitespace()
            token = try scanner.scanValue()
            try scanner.expectEnd()
        } catch {
            return expected.value == nil ? nil : "refused (\(error.reason))"
        }
        guard let value = expected.value else { return "accepted" }
        return difference(token, value)
    }

    /// Compares a token with a value, and everything that lies in it.
    private func difference(_ token: JSONToken, _ value: ReferenceValue) -> String? {
        guard token.range == value.range, token.kind == value.kind else { return "\(token) is not \(value)" }
        if let scalars = value.scalars {
            guard token.text(in: bytes).unicodeScalars.elementsEqual(scalars) else { return "text of \(value)" }
            let hasEscapes = bytes[token.content].contains(UInt8(ascii: "\\"))
            guard token.hasEscapes == hasEscapes else { return "escapes of \(value)" }
        }
        guard token.kind == .object || token.kind == .array else { return nil }
        let parts = value.members?.flatMap { [$0.key, $0.value] } ?? value.elements ?? []
        guard let tokens = try? self.parts(of: token), tokens.count == parts.count else { return "parts of \(value)" }
        for (token, part) in zip(tokens, parts) {
            if let difference = difference(token, part) { return difference }
        }
        return nil
    }

    /// The elements of an array; the keys and values of an object.
    private func parts(of container: JSONToken) throws(JSONSyntaxError) -> [JSONToken] {
        let content = UnsafeRawBufferPointer(rebasing: bytes[container.range])
        let end = container.kind == .object ? UInt8(ascii: "}") : UInt8(ascii: "]")
        var scanner = JSONScanner(content)
        var tokens: [JSONToken] = []
        try scanner.expect(container.kind == .object ? UInt8(ascii: "{") : UInt8(ascii: "["))
        scanner.skipWhitespace()
        if scanner.take(end) { return [] }
        repeat {
            scanner.skipWhitespace()
            if container.kind == .object {
                tokens.append(try scanner.scanString())
                try scanner.skipColon()
            }
            tokens.append(try scanner.scanValue())
            scanner.skipWhitespace()
        } while scanner.take(UInt8(ascii: ","))
        try scanner.expect(end)
        return tokens.map { token in
            var token = token
            token.start += container.start
            token.end += container.start
            return token
        }
    }
}

extension ReferenceValue {
    fileprivate var kind: JSONToken.Kind {
        switch content {
        case .object: .object
        case .array: .array
        case .string: .string
        case .number: .number
        case .true: .true
        case .false: .false
        case .null: .null
        }
    }
}

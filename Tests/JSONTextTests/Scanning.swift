import JSONText

/// Scans a whole text: one value with white space around it.
func scan(_ bytes: [UInt8]) throws(JSONSyntaxError) -> JSONToken {
    let result = bytes.withUnsafeBytes { bytes -> Result<JSONToken, JSONSyntaxError> in
        var scanner = JSONScanner(bytes)
        do throws(JSONSyntaxError) {
            scanner.skipWhitespace()
            let token = try scanner.scanValue()
            try scanner.expectEnd()
            return .success(token)
        } catch {
            return .failure(error)
        }
    }
    return try result.get()
}

func scan(_ text: String) throws(JSONSyntaxError) -> JSONToken {
    try scan(Array(text.utf8))
}

/// Why a text is refused; nil if it is not.
func refusal(_ bytes: [UInt8]) -> JSONSyntaxError? {
    do throws(JSONSyntaxError) {
        _ = try scan(bytes)
        return nil
    } catch {
        return error
    }
}

func refusal(_ text: String) -> JSONSyntaxError? {
    refusal(Array(text.utf8))
}

/// The decoded text of a text that is one string, as scalars: `String` would take é and e with an accent for equal.
func decoded(_ bytes: [UInt8]) throws -> [Unicode.Scalar] {
    let token = try scan(bytes)
    return bytes.withUnsafeBytes { Array(token.text(in: $0).unicodeScalars) }
}

func decoded(_ text: String) throws -> [Unicode.Scalar] {
    try decoded(Array(text.utf8))
}

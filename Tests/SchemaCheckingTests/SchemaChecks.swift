import JSONText
import SchemaChecking

/// Compiles a schema that stands in a test.
func schema(_ text: String, dateTimes: DateTimeRule = .rfc3339) throws -> Schema {
    try Schema.compile(Array(text.utf8), file: "test.json", dateTimes: dateTimes)
}

/// Checks one JSON text.
func violation(of schema: Schema, in json: some Sequence<UInt8>) throws -> SchemaViolation? {
    try Array(json).withUnsafeBytes { bytes in
        var scanner = JSONScanner(bytes)
        scanner.skipWhitespace()
        let violation = try schema.check(&scanner)
        try scanner.expectEnd()
        return violation
    }
}

/// The problems that make a schema unusable, as they are told.
func problems(in text: String) -> [String] {
    do throws(SchemaProblems) {
        _ = try Schema.compile(Array(text.utf8), file: "test.json")
        return []
    } catch {
        return error.problems.map(\.description)
    }
}

let draft4 = #""$schema": "http://json-schema.org/draft-04/schema#""#

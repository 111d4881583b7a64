import SchemaChecking
import Testing

/// One schema with values that fit and values that do not.
struct KeywordCase: CustomTestStringConvertible {
    var schema: String
    var fits: [String]
    var fails: [String]
    /// The kind that all of the failures have.
    var kind: SchemaViolation.Kind

    init(_ schema: String, fits: [String], fails: [String], _ kind: SchemaViolation.Kind = .constraint) {
        self.schema = schema
        self.fits = fits
        self.fails = fails
        self.kind = kind
    }

    var testDescription: String { schema }

    func expectAsStated() throws {
        let schema = try SchemaCheckingTests.schema(schema)
        for json in fits {
            let found = try violation(of: schema, in: json.utf8)
            #expect(found == nil, "\(json) fits")
        }
        for json in fails {
            let found = try violation(of: schema, in: json.utf8)
            #expect(found?.kind == kind, "\(json) fails")
        }
    }
}

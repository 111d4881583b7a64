import JSONText
import SchemaChecking
import Testing

@Suite struct SchemaViolationTests {
    private static let meterValues = """
        {"properties":{"connectorId":{"type":"integer"},"meterValue":{"type":"array","minItems":1,"items":{
         "properties":{"timestamp":{"type":"string","format":"date-time"},"unit":{"type":"string","enum":["A","W"]}},
         "required":["timestamp"],"additionalProperties":false}}},
         "required":["connectorId","meterValue"],"additionalProperties":false,"type":"object"}
        """

    @Test(arguments: [
        ("{}", "/connectorId: missing, but required"),
        (#"{"connectorId":1}"#, "/meterValue: missing, but required"),
        (#"{"connectorId":"1","meterValue":[{}]}"#, "/connectorId: a string, but must be an integer"),
        (#"{"connectorId":1.5,"meterValue":[]}"#, "/connectorId: a number, but must be an integer"),
        (#"{"connectorId":1,"meterValue":[]}"#, "/meterValue: fewer than 1 item"),
        (#"{"connectorId":1,"meterValue":[{}]}"#, "/meterValue/0/timestamp: missing, but required"),
        (
            #"{"connectorId":1,"meterValue":[{"timestamp":"2023-01-01T00:00:00Z"},{"timestamp":"now"}]}"#,
            "/meterValue/1/timestamp: not a date-time (RFC 3339)"
        ),
        (#"{"connectorId":1,"meterValue":[{"unit":"w"}]}"#, #"/meterValue/0/unit: "w" is not one of A, W"#),
        (#"{"connectorID":1,"meterValue":[{}]}"#, "/connectorID: unknown field"),
        (#"{"a/b~c":1}"#, "/a~1b~0c: unknown field"),
        ("[]", "payload: an array, but must be an object"),
        ("null", "payload: null, but must be an object"),
    ])
    func `The description names the field and the rule`(json: String, description: String) throws {
        let schema = try schema(Self.meterValues)
        #expect(try violation(of: schema, in: json.utf8)?.description == description)
    }

    @Test(arguments: [
        (#"{"type":"object","maxProperties":0}"#, #"{"a":1}"#, "payload: more than 0 fields"),
        (#"{"minLength":1}"#, #""""#, "payload: shorter than 1 character"),
        (#"{"maxLength":2}"#, #""abc""#, "payload: longer than 2 characters"),
        (#"{"minimum":0.5}"#, "0", "payload: less than 0.5"),
        (#"{"exclusiveMinimum":0}"#, "0", "payload: not more than 0"),
        (#"{"maximum":5}"#, "6", "payload: more than 5"),
        (#"{"exclusiveMaximum":5}"#, "5", "payload: not less than 5"),
        (#"{"multipleOf":0.1}"#, "1.23", "payload: not a multiple of 0.1"),
        (#"{"const":"a"}"#, "1", "payload: 1 is not a"),
        (#"{"pattern":"^a"}"#, #""b""#, "payload: does not match the pattern ^a"),
        (#"{"uniqueItems":true}"#, "[1,1]", "payload: has an item twice"),
        (#"{"dependencies":{"a":["b"]}}"#, #"{"a":1}"#, "/b: missing, but required beside a"),
        (#"{"type":["string","null"]}"#, "1", "payload: a number, but must be null or a string"),
        (
            #"{"items":{"allOf":[{"properties":{"a":{"not":{}}}}]}}"#, #"[{"a":1}]"#,
            "/0/a: has a form that is not allowed"
        ),
    ])
    func `Every rule is told in plain words`(schema text: String, json: String, description: String) throws {
        #expect(try violation(of: try schema(text), in: json.utf8)?.description == description)
    }

    @Test(arguments: [
        // A wrong type counts where the value begins, a missing field where its object ends.
        (#"{"connectorId":"x"}"#, SchemaViolation.Kind.wrongType),
        (#"{"meterValue":[{}],"connectorId":"x"}"#, .missingField),
        (#"{"x":1,"connectorId":"x"}"#, .unknownField),
        (#"{"connectorId":"x","x":1}"#, .wrongType),
        (#"{"meterValue":[],"x":1}"#, .constraint),
    ])
    func `The first failure in the order of the text counts`(json: String, kind: SchemaViolation.Kind) throws {
        let schema = try schema(Self.meterValues)
        #expect(try violation(of: schema, in: json.utf8)?.kind == kind)
    }

    @Test func `A description has at most 255 characters`() throws {
        let schema = try schema(#"{"additionalProperties":{"additionalProperties":false,"required":["idTag"]}}"#)
        let name = String(repeating: "é", count: 5000)
        let unknown = try #require(try violation(of: schema, in: "{\"a\":{\"\(name)\":1}}".utf8))
        #expect(unknown.description.unicodeScalars.count == 255)
        #expect(unknown.description.hasSuffix("é: unknown field"))
        let missing = try #require(try violation(of: schema, in: "{\"\(name)\":{}}".utf8))
        #expect(missing.description.unicodeScalars.count == 255)
        #expect(missing.description.hasSuffix("/idTag: missing, but required"))
        let values = (0..<500).map { "\"value\($0)\"" }.joined(separator: ",")
        let other = try SchemaCheckingTests.schema("{\"additionalProperties\":{\"enum\":[\(values)]}}")
        let wrong = try #require(try violation(of: other, in: "{\"\(name)\":1}".utf8))
        #expect(wrong.description.unicodeScalars.count <= 255)
        #expect(wrong.description.contains(": 1 is not one of value0, value1"))
    }

    @Test func `A description has no control characters`() throws {
        let schema = try schema(#"{"additionalProperties":false}"#)
        let found = try violation(of: schema, in: #"{"a\n\u0000b":1}"#.utf8)
        #expect(found?.description == "/a??b: unknown field")
    }

    @Test(arguments: [
        (#""Celsius""#, #""Celsius" is not one of A, W"#), (#""\u0041A""#, #""AA" is not one of A, W"#),
        (#""a\nb""#, #""a?b" is not one of A, W"#), ("17.50", "17.50 is not one of A, W"),
        (#"{ "a" : 1 }"#, #"{ "a" : 1 } is not one of A, W"#),
        ("\"\(String(repeating: "é", count: 40))\"", "\"\(String(repeating: "é", count: 40))\" is not one of A, W"),
        ("\"\(String(repeating: "é", count: 41))\"", "\"\(String(repeating: "é", count: 40))…\" is not one of A, W"),
        (
            "\"\(String(repeating: "\\u00e9", count: 41))\"",
            "\"\(String(repeating: "é", count: 40))…\" is not one of A, W"
        ),
        ("[\(String(repeating: "1,", count: 5000))1]", "[\(String(repeating: "1,", count: 19))1… is not one of A, W"),
    ])
    func `A refused enum value is shown cut to 40 characters`(json: String, description: String) throws {
        let found = try violation(of: schema(#"{"enum":["A","W"]}"#), in: json.utf8)
        #expect(found?.description == "payload: \(description)")
    }

    @Test func `A description repeats no other value`() throws {
        let schema = try schema(#"{"properties":{"b":{"maxLength":1},"c":{"format":"uri"}}}"#)
        for json in [#"{"b":"secret"}"#, #"{"c":"secret"}"#] {
            let found = try #require(try violation(of: schema, in: json.utf8))
            #expect(!found.description.contains("secret"))
        }
    }

    @Test func `A violation does not stop the proof that the text is JSON`() throws {
        let schema = try schema(Self.meterValues)
        for json in [#"{"connectorId":"x","meterValue":[}"#, #"{"x":1,"y":01}"#, #"{"meterValue":{"a":tru}}"#, "[1,]"] {
            #expect(throws: JSONSyntaxError.self, "\(json)") { try violation(of: schema, in: json.utf8) }
        }
    }

    @Test func `The walk ends behind the value`() throws {
        let schema = try schema(#"{"type":"object","additionalProperties":false}"#)
        for json in [#"{},7"#, #"{"a":[1,{}]},7"#, #"[[]],7"#, #""x",7"#, "1,7"] {
            try Array(json.utf8).withUnsafeBytes { bytes in
                var scanner = JSONScanner(bytes)
                _ = try schema.check(&scanner)
                #expect(scanner.position == bytes.count - 2)
            }
        }
    }

    @Test func `Nesting is as deep as the scanner allows`() throws {
        let schema = try schema(##"{"items":{"$ref":"#"},"properties":{"a":{"$ref":"#"}}}"##)
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            func nested(_ depth: Int) -> String {
                String(repeating: open, count: depth) + "1" + String(repeating: close, count: depth)
            }
            let deepest = JSONScanner.maximumDepth
            #expect(try violation(of: schema, in: nested(deepest).utf8) == nil)
            #expect(throws: JSONSyntaxError.nestedTooDeeply) {
                try violation(of: schema, in: nested(deepest + 1).utf8)
            }
        }
    }

    @Test func `A message made to tire the checker is refused`() throws {
        let schema = try schema(
            ##"{"anyOf":[{"items":{"$ref":"#"},"maxItems":1},{"items":{"$ref":"#"},"minItems":1}],"not":{"const":7}}"##)
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + "7" + String(repeating: "]", count: depth)
        }
        #expect(try violation(of: schema, in: nested(5).utf8)?.rule == "fits none of the forms that are allowed")
        let found = try violation(of: schema, in: nested(60).utf8)
        #expect(found?.rule == "too complex to check against its schema")
        #expect(found?.kind == .constraint)
    }

    @Test func `A long array is compared with itself in reasonable time`() throws {
        let schema = try schema(#"{"uniqueItems":true}"#)
        let items = (0..<60_000).map(String.init).joined(separator: ",")
        #expect(try violation(of: schema, in: "[\(items)]".utf8) == nil)
        #expect(try violation(of: schema, in: "[\(items),5.9999e4]".utf8) != nil)
    }
}

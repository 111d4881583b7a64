import Foundation
import SchemaChecking
import Testing

/// What cannot be used is told at start-up, with file and JSON pointer.
@Suite struct SchemaProblemTests {
    @Test(arguments: [
        ("", "test.json: not JSON: the text ends too early at byte 0"),
        ("{\"type\":}", "test.json: not JSON: unexpected character at byte 8"),
        ("{} {}", "test.json: not JSON: more text after the end of the value at byte 3"),
        ("[]", "test.json: must be an object, true or false"),
        (#"{"properties":{"a":{"maxLenght":5}}}"#, "test.json#/properties/a/maxLenght: unknown keyword"),
        (#"{"if":{}}"#, "test.json#/if: unknown keyword"),
        (#"{"properties":{"a/b":{"x~y":5}}}"#, "test.json#/properties/a~1b/x~0y: unknown keyword"),
        (#"{"definitions":{"unused":{"nope":1}}}"#, "test.json#/definitions/unused/nope: unknown keyword"),
        (##"{"items":{"$ref":"#/x","nope":1},"definitions":{}}"##, nil),
        (#"{"type":"text"}"#, nil),
        (#"{"type":["string","any"]}"#, nil),
        (#"{"type":[]}"#, "test.json#/type: must name at least one type"),
        (#"{"type":5}"#, nil),
        (#"{"properties":[]}"#, "test.json#/properties: must be an object"),
        (#"{"properties":{"a":1}}"#, "test.json#/properties/a: must be an object, true or false"),
        (#"{"required":true}"#, "test.json#/required: must be an array of names"),
        (#"{"required":["a",1]}"#, "test.json#/required/1: must be a string"),
        (#"{"additionalProperties":1}"#, "test.json#/additionalProperties: must be an object, true or false"),
        (#"{"enum":[]}"#, "test.json#/enum: must be an array of at least one value"),
        (#"{"enum":"a"}"#, "test.json#/enum: must be an array of at least one value"),
        (#"{"maxLength":-1}"#, "test.json#/maxLength: must be a whole number from 0 on"),
        (#"{"maxItems":1.5}"#, "test.json#/maxItems: must be a whole number from 0 on"),
        (#"{"minProperties":"1"}"#, "test.json#/minProperties: must be a whole number from 0 on"),
        (#"{"minimum":"1"}"#, "test.json#/minimum: must be a number"),
        (#"{"exclusiveMinimum":true}"#, "test.json#/exclusiveMinimum: must be a number; true and false are of draft 4"),
        (#"{"multipleOf":0}"#, "test.json#/multipleOf: must be more than 0, with at most 18 significant digits"),
        (#"{"multipleOf":-1}"#, "test.json#/multipleOf: must be more than 0, with at most 18 significant digits"),
        (#"{"uniqueItems":1}"#, "test.json#/uniqueItems: must be true or false"),
        (#"{"items":[]}"#, "test.json#/items: must be an array of at least one schema"),
        (#"{"allOf":{}}"#, "test.json#/allOf: must be an array of at least one schema"),
        (#"{"anyOf":[{},1]}"#, "test.json#/anyOf/1: must be an object, true or false"),
        (#"{"dependencies":{"a":1}}"#, "test.json#/dependencies/a: must be an object, true or false"),
        (#"{"dependencies":{"a":[1]}}"#, "test.json#/dependencies/a/0: must be a string"),
        (#"{"pattern":"("}"#, "test.json#/pattern: not a pattern that can be used: a group without its \")\""),
        (
            #"{"patternProperties":{"[":{}}}"#,
            "test.json#/patternProperties/[: not a pattern that can be used: a set of characters without its \"]\""
        ),
        (#"{"$id":1}"#, "test.json#/$id: must be a string"),
        (#"{"pattern":1}"#, "test.json#/pattern: must be a string"),
        (#"{"format":1}"#, "test.json#/format: must be a string"),
        (#"{"type":"string","type":"null"}"#, "test.json#/type: the name stands twice in its object"),
        (
            #"{"$schema":"https://json-schema.org/draft/2020-12/schema"}"#,
            "test.json#/$schema: only draft 4 (http://json-schema.org/draft-04/schema#) and 6 are supported"
        ),
        (
            ##"{"items":{"$ref":"#/definitions/a"}}"##,
            "test.json#/items/$ref: #/definitions/a cannot be resolved: there is nothing in the file at that place"
        ),
        (
            ##"{"items":[{"$ref":"#/items/7"}]}"##,
            "test.json#/items/0/$ref: #/items/7 cannot be resolved: there is nothing in the file at that place"
        ),
        (
            #"{"items":{"$ref":"other.json"}}"#,
            "test.json#/items/$ref: other.json cannot be resolved: only references within the file (#/definitions/...) are"
        ),
        (
            ##"{"items":{"$ref":"#anchor"}}"##,
            "test.json#/items/$ref: #anchor cannot be resolved: only references within the file (#/definitions/...) are"
        ),
        (#"{"items":{"$ref":5}}"#, "test.json#/items/$ref: must be a string"),
        (##"{"$ref":"#"}"##, "test.json#/$ref: refers to itself"),
        (
            ##"{"definitions":{"a":{"$id":"b","items":{"$ref":"#"}}}}"##,
            "test.json#/definitions/a/items/$ref: references inside of a schema with its own $id are not supported"
        ),
    ])
    func `A schema that cannot be used says where and why`(schema: String, problem: String?) {
        let found = problems(in: schema)
        #expect(!found.isEmpty)
        if let problem { #expect(found == [problem]) }
    }

    @Test(arguments: [
        ##"{"allOf":[{"$ref":"#"}]}"##, ##"{"not":{"anyOf":[{"$ref":"#/not"}]}}"##,
        ##"{"dependencies":{"a":{"oneOf":[{},{"$ref":"#"}]}}}"##,
        ##"{"definitions":{"a":{"allOf":[{"$ref":"#/definitions/b"}]},"b":{"not":{"$ref":"#/definitions/a"}}}}"##,
        String(repeating: #"{"not":"#, count: 20) + "{}" + String(repeating: "}", count: 20),
    ])
    func `A schema that would never end is a problem`(_ schema: String) throws {
        let found = problems(in: schema)
        #expect(found.count == 1)
        #expect(try #require(found.first).contains("comes back to itself without end"))
    }

    @Test func `References in a circle are a problem`() {
        let circle = ##"{"definitions":{"a":{"$ref":"#/definitions/b"},"b":{"$ref":"#/definitions/a"}}}"##
        #expect(problems(in: circle).contains { $0.hasSuffix("refers to itself") })
    }

    @Test func `All problems of a file are told at once`() {
        let found = problems(in: #"{"nope":1,"properties":{"a":{"maxLength":"x"},"b":{"type":"text"}}}"#)
        #expect(found.count == 3)
    }
}

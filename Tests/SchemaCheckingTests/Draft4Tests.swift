import Testing

/// Where draft 4 is not like draft 6.
@Suite struct Draft4Tests {
    @Test(arguments: [
        KeywordCase("{\(draft4),\"type\":\"integer\"}", fits: ["1", "-7"], fails: ["1.0", "1e2", "1.5"], .wrongType),
        KeywordCase("{\(draft4),\"type\":\"number\"}", fits: ["1", "1.0", "1e2"], fails: ["\"1\""], .wrongType),
        KeywordCase("{\(draft4),\"type\":[\"integer\",\"null\"]}", fits: ["1", "null"], fails: ["1.0"], .wrongType),
        KeywordCase(
            "{\(draft4),\"minimum\":1,\"exclusiveMinimum\":true}", fits: ["1.1", "2"], fails: ["1", "1.0", "0"]),
        KeywordCase("{\(draft4),\"minimum\":1,\"exclusiveMinimum\":false}", fits: ["1"], fails: ["0"]),
        KeywordCase("{\(draft4),\"maximum\":1,\"exclusiveMaximum\":true}", fits: ["0.9"], fails: ["1", "2"]),
        KeywordCase("{\(draft4),\"maximum\":1,\"exclusiveMaximum\":false}", fits: ["1"], fails: ["1.1"]),
        KeywordCase(
            "{\(draft4),\"additionalProperties\":false,\"properties\":{\"a\":{}}}", fits: ["{\"a\":1}"],
            fails: ["{\"b\":1}"], .unknownField),
        KeywordCase("{\(draft4),\"items\":[{}],\"additionalItems\":false}", fits: ["[1]"], fails: ["[1,2]"]),
        KeywordCase("{\(draft4),\"items\":[{}],\"additionalItems\":true}", fits: ["[1,2]"], fails: []),
        KeywordCase(
            "{\(draft4),\"id\":\"urn:x\",\"definitions\":{\"a\":{\"maxLength\":1}},"
                + "\"items\":{\"$ref\":\"urn:x#/definitions/a\"}}", fits: ["[\"a\"]"], fails: ["[\"ab\"]"]),
        KeywordCase("{\(draft4),\"multipleOf\":0.1}", fits: ["16.1"], fails: ["16.15"]),
        KeywordCase("{\(draft4),\"not\":{\"type\":\"string\"}}", fits: ["1"], fails: ["\"a\""]),
        KeywordCase(
            "{\(draft4),\"dependencies\":{\"a\":[\"b\"],\"c\":{\"minProperties\":2}}}", fits: ["{\"a\":1,\"b\":1}"],
            fails: ["{\"a\":1}", "{\"c\":1}"]),
    ])
    func `Schemas of draft 4 mean what that draft says`(_ test: KeywordCase) throws {
        try test.expectAsStated()
    }

    @Test(arguments: [
        ("\"const\":1", "/const: const came with draft 6, and $schema says draft 4"),
        ("\"contains\":{}", "/contains: contains came with draft 6, and $schema says draft 4"),
        ("\"propertyNames\":{}", "/propertyNames: propertyNames came with draft 6, and $schema says draft 4"),
        ("\"not\":true", "/not: must be an object: schemas true and false came with draft 6"),
        ("\"exclusiveMinimum\":1", "/exclusiveMinimum: must be true or false, as $schema says draft 4"),
        ("\"exclusiveMaximum\":true", "/exclusiveMaximum: needs maximum beside it"),
    ])
    func `What draft 4 does not have is a problem`(keyword: String, problem: String) {
        #expect(problems(in: "{\(draft4),\(keyword)}") == ["test.json#\(problem)"])
    }
}

import Testing

/// Every keyword with values that fit and values that do not; without `$schema` a schema is of draft 6.
@Suite struct KeywordTests {
    @Test(arguments: [
        KeywordCase(#"{"type":"null"}"#, fits: ["null"], fails: ["0", "false", "\"\"", "{}", "[]"], .wrongType),
        KeywordCase(#"{"type":"boolean"}"#, fits: ["true", "false"], fails: ["0", "\"true\"", "null"], .wrongType),
        KeywordCase(#"{"type":"object"}"#, fits: ["{}", #"{"a":[{}]}"#], fails: ["[]", "null", "1"], .wrongType),
        KeywordCase(#"{"type":"array"}"#, fits: ["[]", "[1]"], fails: ["{}", "\"[]\"", "true"], .wrongType),
        KeywordCase(#"{"type":"string"}"#, fits: ["\"\"", "\"1\""], fails: ["1", "null", "[\"a\"]"], .wrongType),
        KeywordCase(
            #"{"type":"number"}"#, fits: ["1", "-0.5", "1e400"], fails: ["\"1\"", "null", "true"], .wrongType),
        KeywordCase(
            #"{"type":"integer"}"#,
            fits: ["1", "-0", "1.0", "1e2", "0.0", "1200e-2", "123456789012345678901234567890"],
            fails: ["1.5", "1e-1", "1205e-2", "\"1\"", "0.000000000000000000000000000000001"], .wrongType),
        KeywordCase(
            #"{"type":["string","null"]}"#, fits: ["null", "\"a\""], fails: ["1", "{}", "[]", "false"], .wrongType),
        KeywordCase(#"{"type":["integer","boolean"]}"#, fits: ["1", "true"], fails: ["1.5", "null"], .wrongType),
    ])
    func `A value has one of the types`(_ test: KeywordCase) throws {
        try test.expectAsStated()
    }

    @Test(arguments: [
        KeywordCase(#"{"maxLength":2}"#, fits: ["\"ab\"", "\"\"", "12345", "[1,2,3]"], fails: ["\"abc\""]),
        KeywordCase(#"{"minLength":2}"#, fits: ["\"ab\"", "1"], fails: ["\"a\"", "\"\""]),
        KeywordCase(#"{"maxLength":0}"#, fits: ["\"\""], fails: ["\"a\"", "\"\\n\""]),
        // Characters, not bytes, UTF-16 units or what a reader sees as one character.
        KeywordCase(
            #"{"minLength":2,"maxLength":2}"#,
            fits: ["\"éé\"", "\"😀😀\"", #""\ud83d\uDE00\u00e9""#, #""\\\"""#, #""\u0000\u001f""#, "\"e\u{301}\""],
            fails: ["\"😀\"", #""\ud83d\uDe00""#, "\"ééé\"", "\"😀😀😀\"", #""\u0041""#]),
        KeywordCase(#"{"maxLength":2.0}"#, fits: ["\"ab\""], fails: ["\"abc\""]),
    ])
    func `Lengths count characters`(_ test: KeywordCase) throws {
        try test.expectAsStated()
    }

    @Test(arguments: [
        KeywordCase(#"{"minimum":-1.5}"#, fits: ["-1.5", "-1.50", "0", "1e9", "\"-9\""], fails: ["-1.500001", "-2"]),
        KeywordCase(#"{"maximum":3}"#, fits: ["3", "3.0", "30e-1", "-4"], fails: ["3.0000000000000000000001", "4"]),
        KeywordCase(#"{"exclusiveMinimum":3}"#, fits: ["3.1", "4"], fails: ["3", "3.0", "2"]),
        KeywordCase(#"{"exclusiveMaximum":3}"#, fits: ["2.9", "-4"], fails: ["3", "300e-2", "4"]),
        KeywordCase(#"{"minimum":1,"exclusiveMinimum":1}"#, fits: ["2"], fails: ["1"]),
        KeywordCase(#"{"minimum":2,"exclusiveMinimum":1}"#, fits: ["2"], fails: ["1", "1.5"]),
        KeywordCase(#"{"maximum":0}"#, fits: ["0", "-0", "0.0", "0e5"], fails: ["1e-400", "0.1"]),
        KeywordCase(
            #"{"maximum":9007199254740993}"#, fits: ["9007199254740993"], fails: ["9007199254740994", "1e999999999999"]),
        KeywordCase(#"{"minimum":1e-400}"#, fits: ["1e-400", "1"], fails: ["0", "1e-401", "1e-99999999999999999999"]),
        KeywordCase(#"{"minimum":-10,"maximum":-9}"#, fits: ["-10", "-9.5"], fails: ["-8.9", "-10.1", "9.5", "0"]),
    ])
    func `Bounds compare as decimals`(_ test: KeywordCase) throws {
        try test.expectAsStated()
    }

    @Test(arguments: [
        KeywordCase(
            #"{"multipleOf":0.1}"#, fits: ["16.1", "0", "-0.3", "1e50", "1610e-2", "0.10", "1e999999999999999999"],
            fails: ["16.15", "0.05", "1e-2", "1e-999999999999999999", "1.00000000000000000000000001"]),
        KeywordCase(#"{"multipleOf":0.01}"#, fits: ["4.02", "19.99", "1.1"], fails: ["0.001", "4.025"]),
        KeywordCase(
            #"{"multipleOf":7}"#, fits: ["49", "0.7e1", "700000000000000000000000000007"], fails: ["50", "0.7"]),
        KeywordCase(#"{"multipleOf":1.5}"#, fits: ["4.5", "3", "15"], fails: ["4", "1"]),
        KeywordCase(#"{"multipleOf":200}"#, fits: ["400", "2e2", "1e3", "1e20"], fails: ["100", "1e2", "300"]),
    ])
    func `Multiples are reckoned in decimals`(_ test: KeywordCase) throws {
        try test.expectAsStated()
    }

    @Test(arguments: [
        KeywordCase(
            #"{"enum":["Celsius","Celcius"]}"#, fits: ["\"Celsius\"", "\"Celcius\"", #""\u0043elsius""#],
            fails: ["\"celsius\"", "\"Celsius \"", "\"\"", "\"Cel\"", "1", "null", "[\"Celsius\"]"]),
        KeywordCase(
            #"{"enum":[1,"a",null,[1,{"x":2}],{"b":1,"c":[]},true]}"#,
            fits: ["1.0", "10e-1", "\"a\"", "null", #"[ 1, {"x":2.0} ]"#, #"{"c":[],"b":1}"#, "true"],
            fails: ["2", "\"1\"", "false", #"[{"x":2},1]"#, #"{"b":1}"#, #"{"b":1,"c":[],"d":1}"#, "[]"]),
        KeywordCase("{\"enum\":[\"\u{e9}\"]}", fits: ["\"\u{e9}\"", #""\u00e9""#], fails: ["\"e\u{301}\""]),
        KeywordCase(#"{"const":5}"#, fits: ["5", "5.0"], fails: ["\"5\"", "6", "null"]),
        KeywordCase(#"{"const":{"a":[0]}}"#, fits: [#"{"a":[-0.0]}"#], fails: [#"{"a":[false]}"#, #"{"a":0}"#, "{}"]),
        KeywordCase(#"{"const":null}"#, fits: ["null"], fails: ["0", "false", "\"\""]),
        KeywordCase(#"{"const":"a","enum":["a","b"]}"#, fits: ["\"a\""], fails: ["\"b\""]),
    ])
    func `Values compare by what they are`(_ test: KeywordCase) throws {
        try test.expectAsStated()
    }

    @Test(arguments: [
        KeywordCase(
            #"{"properties":{"a":{"type":"string"},"b":{"type":"object"}}}"#,
            fits: ["{}", #"{"a":"x","c":1}"#, "[]", "1", #"{"b":{"a":1}}"#],
            fails: [#"{"a":1}"#, #"{"\u0061":1}"#, #"{"x":{},"b":[]}"#, #"{"a":"x","a":1}"#, #"{"a":1,"a":"x"}"#],
            .wrongType),
        KeywordCase(
            #"{"required":["a","b"]}"#, fits: [#"{"b":1,"a":null}"#, "[]", #"{"c":0,"\u0061":1,"b":1}"#],
            fails: ["{}", #"{"a":1}"#, #"{"b":1,"c":1}"#, #"{"A":1,"b":1}"#, #"{"a":1,"a":1}"#], .missingField),
        KeywordCase(
            #"{"properties":{"a":{}},"additionalProperties":false}"#, fits: ["{}", #"{"a":1}"#, "[1]"],
            fails: [#"{"b":1}"#, #"{"a":1,"":1}"#, #"{"a ":1}"#, #"{"á":1}"#], .unknownField),
        KeywordCase(
            #"{"required":["a"],"additionalProperties":false}"#, fits: [], fails: [#"{"a":1}"#], .unknownField),
        KeywordCase(
            #"{"properties":{"a":{}},"additionalProperties":{"type":"integer"}}"#,
            fits: [#"{"a":"x","b":1}"#, "{}"], fails: [#"{"b":"x"}"#, #"{"b":1,"c":null}"#], .wrongType),
        KeywordCase(#"{"additionalProperties":true}"#, fits: [#"{"a":1}"#], fails: []),
        KeywordCase(
            #"{"patternProperties":{"^x-":{"maximum":5},"z$":{"minimum":2}}}"#,
            fits: [#"{"x-a":5,"y":9,"az":2,"x-z":3}"#], fails: [#"{"x-a":6}"#, #"{"x-z":1}"#, #"{"x-z":7}"#]),
        KeywordCase(
            #"{"properties":{"ab":{"maximum":9}},"patternProperties":{"b":{"minimum":1}}}"#,
            fits: [#"{"ab":5}"#], fails: [#"{"ab":0}"#, #"{"ab":10}"#]),
        KeywordCase(
            #"{"patternProperties":{"^x":{}},"properties":{"a":{}},"additionalProperties":false}"#,
            fits: [#"{"x1":1,"a":2}"#], fails: [#"{"y":1}"#, #"{"ax":1}"#], .unknownField),
        KeywordCase(
            #"{"minProperties":1,"maxProperties":2}"#, fits: [#"{"a":1}"#, #"{"a":1,"b":2}"#, "[]"],
            fails: ["{}", #"{"a":1,"b":2,"c":3}"#]),
        KeywordCase(
            #"{"propertyNames":{"maxLength":2}}"#, fits: [#"{"ab":1,"":2,"\u0061b":1}"#, "{}"],
            fails: [#"{"abc":1}"#, #"{"a":1,"\u0061bc":1}"#]),
        KeywordCase(#"{"propertyNames":false}"#, fits: ["{}", "[]"], fails: [#"{"a":1}"#]),
        KeywordCase(
            #"{"dependencies":{"a":["b","c"],"d":{"required":["e"]}}}"#,
            fits: ["{}", #"{"b":1}"#, #"{"a":1,"b":1,"c":1}"#, #"{"d":1,"e":1}"#, "[\"a\"]"],
            fails: [#"{"a":1}"#, #"{"a":1,"b":1}"#]),
        KeywordCase(
            #"{"dependencies":{"d":{"required":["e"]}}}"#, fits: [#"{"d":1,"e":1}"#], fails: [#"{"d":1}"#],
            .missingField),
        KeywordCase(#"{"dependencies":{"a":false}}"#, fits: [#"{"b":1}"#], fails: [#"{"a":1}"#]),
    ])
    func `Objects have the members that they may`(_ test: KeywordCase) throws {
        try test.expectAsStated()
    }

    @Test(arguments: [
        KeywordCase(
            #"{"items":{"type":"integer"}}"#, fits: ["[]", "[1,2]", "{}", "\"x\""], fails: ["[1,\"a\"]", "[null]"],
            .wrongType),
        KeywordCase(
            #"{"items":[{"type":"integer"},{"type":"string"}]}"#,
            fits: ["[]", "[1]", "[1,\"a\"]", "[1,\"a\",null]"], fails: ["[\"a\"]", "[1,2]"], .wrongType),
        KeywordCase(
            #"{"items":[{}],"additionalItems":false}"#, fits: ["[]", "[1]"], fails: ["[1,2]", "[1,2,3]"]),
        KeywordCase(
            #"{"items":[{}],"additionalItems":{"type":"integer"}}"#, fits: ["[\"a\",1,2]"], fails: ["[1,\"a\"]"],
            .wrongType),
        // Without a list of schemas there are no additional items: the published files of OCPP 2 rely on it.
        KeywordCase(#"{"items":{},"additionalItems":false}"#, fits: ["[1,2,3]"], fails: []),
        KeywordCase(#"{"additionalItems":false}"#, fits: ["[1,2,3]"], fails: []),
        KeywordCase(#"{"items":false}"#, fits: ["[]"], fails: ["[1]"]),
        KeywordCase(#"{"minItems":1,"maxItems":2}"#, fits: ["[1]", "[1,2]", "{}"], fails: ["[]", "[1,2,3]"]),
        KeywordCase(
            #"{"uniqueItems":true}"#,
            fits: ["[]", "[1]", "[1,2,\"1\",true]", "[[1],[2]]", "[0,false,null,\"\"]", #"[{"a":1},{"a":2}]"#],
            fails: ["[1,1.0]", "[\"a\",\"\\u0061\"]", #"[{"a":1,"b":2},{"b":2,"a":1e0}]"#, "[[],[]]", "[0,-0]"]),
        KeywordCase(#"{"uniqueItems":false}"#, fits: ["[1,1]"], fails: []),
        KeywordCase(
            #"{"contains":{"minimum":5}}"#, fits: ["[1,5]", "[7]", "[\"a\"]", "{}"], fails: ["[]", "[1,2]"]),
    ])
    func `Arrays have the items that they may`(_ test: KeywordCase) throws {
        try test.expectAsStated()
    }

    @Test(arguments: [
        KeywordCase(
            #"{"allOf":[{"minimum":1},{"maximum":3}]}"#, fits: ["1", "3", "\"x\""], fails: ["0", "4"]),
        KeywordCase(
            #"{"allOf":[{"type":"object"},{"required":["a"]}]}"#, fits: [#"{"a":1}"#], fails: ["{}"], .missingField),
        KeywordCase(
            #"{"anyOf":[{"type":"string"},{"minimum":5}]}"#, fits: ["\"a\"", "5", "[]"], fails: ["4", "0.5"]),
        KeywordCase(
            #"{"oneOf":[{"multipleOf":2},{"multipleOf":3}]}"#, fits: ["2", "9", "4"], fails: ["6", "7", "\"a\""]),
        KeywordCase(
            #"{"not":{"required":["a"]}}"#, fits: ["{}", #"{"b":1}"#], fails: [#"{"a":1}"#, "[]"]),
        KeywordCase(#"{"not":{}}"#, fits: [], fails: ["1", "null", "{}"]),
        KeywordCase(#"{"not":{"not":{"type":"string"}}}"#, fits: ["\"a\""], fails: ["1"]),
        KeywordCase(
            #"{"properties":{"a":{"anyOf":[{"const":1},{"properties":{"b":{"oneOf":[{"const":2}]}}}]}}}"#,
            fits: [#"{"a":1}"#, #"{"a":{"b":2}}"#], fails: [#"{"a":{"b":3}}"#]),
        KeywordCase("true", fits: ["1", "{}"], fails: []),
        KeywordCase("false", fits: [], fails: ["1", "{}"]),
        KeywordCase(#"{"properties":{"a":false,"b":true}}"#, fits: [#"{"b":1}"#, "{}"], fails: [#"{"a":1}"#]),
    ])
    func `Schemas combine`(_ test: KeywordCase) throws {
        try test.expectAsStated()
    }

    @Test(arguments: [
        KeywordCase(
            ##"{"definitions":{"n":{"type":"integer"}},"properties":{"a":{"$ref":"#/definitions/n"}}}"##,
            fits: [#"{"a":1}"#], fails: [#"{"a":"x"}"#], .wrongType),
        KeywordCase(
            ##"{"properties":{"next":{"$ref":"#"},"v":{"type":"integer"}},"required":["v"]}"##,
            fits: [#"{"v":1,"next":{"v":2,"next":{"v":3}}}"#],
            fails: [#"{"v":1,"next":{"v":2,"next":{}}}"#], .missingField),
        KeywordCase(
            ##"{"definitions":{"a b/c~d%":{"type":"null"}},"items":{"$ref":"#/definitions/a%20b~1c~0d%25"}}"##,
            fits: ["[null]"], fails: ["[1]"], .wrongType),
        KeywordCase(
            ##"{"items":[{"type":"integer"},{"$ref":"#/items/0"}]}"##, fits: ["[1,2]"], fails: ["[1,\"a\"]"],
            .wrongType),
        KeywordCase(
            ##"{"definitions":{"a":{"$ref":"#/definitions/b"},"b":{"type":"null"}},"$ref":"#/definitions/a"}"##,
            fits: ["null"], fails: ["1"], .wrongType),
        KeywordCase(
            ##"{"$id":"urn:x:Foo","definitions":{"a":{"type":"null"}},"items":{"$ref":"urn:x:Foo#/definitions/a"}}"##,
            fits: ["[null]"], fails: ["[1]"], .wrongType),
        // Drafts 4 and 6: what stands beside a reference has no effect.
        KeywordCase(
            ##"{"definitions":{"a":{"type":"array"}},"items":{"$ref":"#/definitions/a","maxItems":1}}"##,
            fits: ["[[1,2]]"], fails: ["[1]"], .wrongType),
        KeywordCase(
            ##"{"definitions":{"t":{"anyOf":[{"type":"null"},{"items":{"$ref":"#/definitions/t"},"type":"array"}]}},"##
                + ##""$ref":"#/definitions/t"}"##,
            fits: ["null", "[[],[null,[null]]]"], fails: ["1", "[[1]]"]),
    ])
    func `References lead to schemas of the file`(_ test: KeywordCase) throws {
        try test.expectAsStated()
    }

    @Test func `Keywords that say nothing about validity are left alone`() throws {
        let test = KeywordCase(
            ##"""
            {"$schema":"http://json-schema.org/draft-06/schema#","$id":"x","id":"y","title":"t","description":"d",
             "default":{"minimum":"no number"},"examples":[1],"$comment":"c","comment":"c","javaType":"T",
             "tsEnumNames":["a"],"javaEnumNames":["A"],"format":"anything","definitions":{}}
            """##, fits: ["1", "{}", "\"x\""], fails: [])
        try test.expectAsStated()
    }

    @Test func `Sixty four required fields and more are all seen`() throws {
        for count in [63, 64, 65, 130] {
            let names = (0..<count).map { "f\($0)" }
            let schema = try schema("{\"required\":[\(names.map { "\"\($0)\"" }.joined(separator: ","))]}")
            let members = names.map { "\"\($0)\":0" }
            #expect(try violation(of: schema, in: "{\(members.joined(separator: ","))}".utf8) == nil)
            for missing in [0, count / 2, count - 1] {
                var fewer = members
                fewer.remove(at: missing)
                let found = try violation(of: schema, in: "{\(fewer.joined(separator: ","))}".utf8)
                #expect(found?.pointer == "/f\(missing)", "of \(count)")
            }
        }
    }
}

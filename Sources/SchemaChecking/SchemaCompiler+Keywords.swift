/// What the keywords of one schema object have said so far.
struct KeywordValues {
    var types = JSONTypes.all
    var minimumLength = 0
    var maximumLength = Int.max
    var pattern: Pattern?
    var format: StringFormat?
    var minimum: (number: DecimalNumber, text: String)?
    var maximum: (number: DecimalNumber, text: String)?
    var exclusiveMinimum: (number: DecimalNumber, text: String)?
    var exclusiveMaximum: (number: DecimalNumber, text: String)?
    var divisor: DecimalDivisor?
    var properties: [(name: String, node: Int)] = []
    var required: [String] = []
    var patterns: [(pattern: Pattern, node: Int)] = []
    var additional = SchemaNode.Additional.allowed
    var names: Int?
    var minimumProperties = 0
    var maximumProperties = Int.max
    var dependencies: [(name: String, dependency: SchemaRules.Dependency)] = []
    var firstItems: [Int] = []
    var otherItems: Int?
    var contains: Int?
    var minimumItems = 0
    var maximumItems = Int.max
    var areUnique = false
    var enumeration: [JSONValue]?
    var constant: JSONValue?
    var allOf: [Int] = []
    var anyOf: [Int] = []
    var oneOf: [Int] = []
    var not: Int?
}

extension SchemaCompiler {
    /// Keywords that say nothing about validity; the last line has those that published OCPP schemas and the tools
    /// that write them add.
    private static let annotations: Set<String> = [
        "$schema", "$id", "id", "title", "description", "default", "examples", "$comment",
        "comment", "javaType", "javaName", "javaEnumNames", "javaInterfaces", "tsType", "tsEnumNames",
    ]

    private static let keywordsOfBoth: Set<String> = [
        "type", "enum", "properties", "required", "additionalProperties", "patternProperties", "minProperties",
        "maxProperties", "dependencies", "items", "additionalItems", "minItems", "maxItems", "uniqueItems",
        "minLength", "maxLength", "pattern", "format", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum",
        "multipleOf", "allOf", "anyOf", "oneOf", "not", "definitions", "$ref",
    ]

    private static let keywordsOfSix: Set<String> = ["const", "contains", "propertyNames"]

    static func isKnown(_ keyword: String) -> Bool {
        annotations.contains(keyword) || keywordsOfBoth.contains(keyword) || keywordsOfSix.contains(keyword)
    }

    mutating func keywords(of schema: JSONObject, at pointer: String, place: Int) -> SchemaNode {
        var node = KeywordValues()
        for (name, value) in schema.members {
            let at = pointer + JSONPointer.component(name)
            if Self.keywordsOfSix.contains(name), draft == .four {
                problem(at, "\(name) came with draft 6, and $schema says draft 4")
            } else if Self.keywordsOfBoth.contains(name) || Self.keywordsOfSix.contains(name) {
                read(name, value, schema, at: at, &node)
            } else if !Self.annotations.contains(name) {
                problem(at, "unknown keyword")
            }
        }
        let dependent = node.dependencies.compactMap { rule in
            if case .schema(let place) = rule.dependency { place } else { nil }
        }
        links[place] = node.allOf + node.anyOf + node.oneOf + (node.not.map { [$0] } ?? []) + dependent
        return node.node(draft, &rules)
    }

    private mutating func read(
        _ keyword: String, _ value: JSONValue, _ schema: JSONObject, at pointer: String, _ node: inout KeywordValues
    ) {
        switch keyword {
        case "type": node.types = types(value, at: pointer)
        case "enum": node.enumeration = enumeration(value, at: pointer)
        case "const": node.constant = value
        case "definitions": compileDefinitions(value, at: pointer)
        case "allOf": node.allOf = schemas(value, at: pointer)
        case "anyOf": node.anyOf = schemas(value, at: pointer)
        case "oneOf": node.oneOf = schemas(value, at: pointer)
        case "not": node.not = self.node(value, at: pointer)
        case "minLength": node.minimumLength = count(value, at: pointer) ?? 0
        case "maxLength": node.maximumLength = count(value, at: pointer) ?? .max
        case "pattern": node.pattern = pattern(value, at: pointer)
        case "format": node.format = format(value, at: pointer)
        case "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf":
            readNumberKeyword(keyword, value, schema, at: pointer, &node)
        case "items", "additionalItems", "contains", "minItems", "maxItems", "uniqueItems":
            readArrayKeyword(keyword, value, schema, at: pointer, &node)
        default:
            readObjectKeyword(keyword, value, at: pointer, &node)
        }
    }

    private mutating func readNumberKeyword(
        _ keyword: String, _ value: JSONValue, _ schema: JSONObject, at pointer: String, _ node: inout KeywordValues
    ) {
        if draft == .four, keyword == "exclusiveMinimum" || keyword == "exclusiveMaximum" {
            let bound = keyword == "exclusiveMinimum" ? "minimum" : "maximum"
            guard case .boolean(let isExclusive) = value else {
                return problem(pointer, "must be true or false, as $schema says draft 4")
            }
            guard let number = schema[bound] else { return problem(pointer, "needs \(bound) beside it") }
            guard isExclusive, let limit = limit(number) else { return }
            if bound == "minimum" { node.exclusiveMinimum = limit } else { node.exclusiveMaximum = limit }
            return
        }
        guard let limit = limit(value) else {
            let isDraft4 = if case .boolean = value { keyword.hasPrefix("exclusive") } else { false }
            return problem(pointer, "must be a number\(isDraft4 ? "; true and false are of draft 4" : "")")
        }
        switch keyword {
        case "minimum": node.minimum = limit
        case "maximum": node.maximum = limit
        case "exclusiveMinimum": node.exclusiveMinimum = limit
        case "exclusiveMaximum": node.exclusiveMaximum = limit
        default:
            node.divisor = DecimalDivisor(limit.number, text: limit.text)
            if node.divisor == nil { problem(pointer, "must be more than 0, with at most 18 significant digits") }
        }
    }

    private mutating func readArrayKeyword(
        _ keyword: String, _ value: JSONValue, _ schema: JSONObject, at pointer: String, _ node: inout KeywordValues
    ) {
        switch keyword {
        case "items":
            if case .array = value {
                node.firstItems = schemas(value, at: pointer)
            } else {
                node.otherItems = self.node(value, at: pointer)
            }
        case "additionalItems":
            let others = self.node(value, at: pointer, mayBeBoolean: true)
            // Without a list in `items` there are no additional items.
            if case .array? = schema["items"] { node.otherItems = others }
        case "contains": node.contains = self.node(value, at: pointer)
        case "minItems": node.minimumItems = count(value, at: pointer) ?? 0
        case "maxItems": node.maximumItems = count(value, at: pointer) ?? .max
        default:
            guard case .boolean(let areUnique) = value else { return problem(pointer, "must be true or false") }
            node.areUnique = areUnique
        }
    }

    private mutating func readObjectKeyword(
        _ keyword: String, _ value: JSONValue, at pointer: String, _ node: inout KeywordValues
    ) {
        switch keyword {
        case "required": node.required = names(value, at: pointer)
        case "minProperties": node.minimumProperties = count(value, at: pointer) ?? 0
        case "maxProperties": node.maximumProperties = count(value, at: pointer) ?? .max
        case "propertyNames": node.names = self.node(value, at: pointer)
        case "additionalProperties":
            switch value {
            case .boolean(let allowed): node.additional = allowed ? .allowed : .forbidden
            default: node.additional = .schema(self.node(value, at: pointer))
            }
        case "properties":
            for (name, schema) in members(value, at: pointer) {
                node.properties.append((name, self.node(schema, at: pointer + JSONPointer.component(name))))
            }
        case "patternProperties":
            for (name, schema) in members(value, at: pointer) {
                let at = pointer + JSONPointer.component(name)
                let place = self.node(schema, at: at)
                if let pattern = pattern(.string(ExactText(name)), at: at) { node.patterns.append((pattern, place)) }
            }
        default:
            for (name, rule) in members(value, at: pointer) {
                let at = pointer + JSONPointer.component(name)
                if case .array = rule {
                    node.dependencies.append((name, .names(names(rule, at: at))))
                } else {
                    node.dependencies.append((name, .schema(self.node(rule, at: at))))
                }
            }
        }
    }
}

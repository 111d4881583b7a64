/// The values of keywords: read, or reported.
extension SchemaCompiler {
    mutating func types(_ value: JSONValue, at pointer: String) -> JSONTypes {
        let names: [(JSONValue, String)]
        if case .array(let items) = value {
            names = items.enumerated().map { ($1, pointer + "/\($0)") }
            if names.isEmpty { problem(pointer, "must name at least one type") }
        } else {
            names = [(value, pointer)]
        }
        var types: JSONTypes = []
        for (name, at) in names {
            guard let known = JSONTypes.names.first(where: { $0.name == name.string }) else {
                problem(at, "must be one of \(JSONTypes.names.map(\.name).joined(separator: ", "))")
                continue
            }
            types.insert(known.type)
        }
        return types
    }

    mutating func enumeration(_ value: JSONValue, at pointer: String) -> [JSONValue]? {
        guard case .array(let values) = value, !values.isEmpty else {
            problem(pointer, "must be an array of at least one value")
            return nil
        }
        return values
    }

    mutating func schemas(_ value: JSONValue, at pointer: String) -> [Int] {
        guard case .array(let items) = value, !items.isEmpty else {
            problem(pointer, "must be an array of at least one schema")
            return []
        }
        var places: [Int] = []
        for (index, item) in items.enumerated() { places.append(node(item, at: pointer + "/\(index)")) }
        return places
    }

    mutating func members(_ value: JSONValue, at pointer: String) -> [(name: String, value: JSONValue)] {
        guard case .object(let object) = value else {
            problem(pointer, "must be an object")
            return []
        }
        return object.members
    }

    mutating func count(_ value: JSONValue, at pointer: String) -> Int? {
        guard let number = value.number, number.isPositive || number.digits.isEmpty, let count = number.integer else {
            problem(pointer, "must be a whole number from 0 on")
            return nil
        }
        return count
    }

    func limit(_ value: JSONValue) -> (number: DecimalNumber, text: String)? {
        guard case .number(let number, let text) = value else { return nil }
        return (number, text.text)
    }

    /// A list of names, each once.
    mutating func names(_ value: JSONValue, at pointer: String) -> [String] {
        guard case .array(let items) = value else {
            problem(pointer, "must be an array of names")
            return []
        }
        var known: Set<ExactText> = []
        var names: [String] = []
        for (index, item) in items.enumerated() {
            guard case .string(let name) = item else {
                problem(pointer + "/\(index)", "must be a string")
                continue
            }
            if known.insert(name).inserted { names.append(name.string) }
        }
        return names
    }

    mutating func pattern(_ value: JSONValue, at pointer: String) -> Pattern? {
        guard let text = value.string else {
            problem(pointer, "must be a string")
            return nil
        }
        do throws(PatternError) {
            return try Pattern(text)
        } catch {
            problem(pointer, "not a pattern that can be used: \(error.reason)")
            return nil
        }
    }

    mutating func format(_ value: JSONValue, at pointer: String) -> StringFormat? {
        guard let name = value.string else {
            problem(pointer, "must be a string")
            return nil
        }
        return StringFormat(name: name, dateTimes: dateTimes)
    }
}

extension KeywordValues {
    /// The compiled form. What has no rules costs nothing when a message is checked.
    func node(_ draft: SchemaDraft, _ rules: inout SchemaRules) -> SchemaNode {
        var node = SchemaNode(types: types, integersArePlain: draft == .four)
        node.minimumLength = minimumLength
        node.maximumLength = maximumLength
        node.format = format
        if let pattern { node.pattern = rules.patterns.add(pattern) }
        setNumbers(&node, &rules)
        setObject(&node, &rules)
        setArray(&node, &rules)
        if let enumeration { node.enumeration = rules.addValues(enumeration) }
        if let constant { node.constant = rules.addValues([constant]) }
        if !allOf.isEmpty || !anyOf.isEmpty || !oneOf.isEmpty || not != nil {
            node.combination = rules.combinations.add(
                SchemaRules.Combination(allOf: allOf, anyOf: anyOf, oneOf: oneOf, not: not))
        }
        return node
    }

    private func setNumbers(_ node: inout SchemaNode, _ rules: inout SchemaRules) {
        let lower = stricter(minimum, exclusiveMinimum, sign: 1)
        let upper = stricter(maximum, exclusiveMaximum, sign: -1)
        guard lower != nil || upper != nil || divisor != nil else { return }
        node.numbers = rules.numbers.add(SchemaRules.Numbers(minimum: lower, maximum: upper, divisor: divisor))
    }

    /// Of an inclusive and an exclusive bound the one that refuses more.
    private func stricter(
        _ inclusive: (number: DecimalNumber, text: String)?, _ exclusive: (number: DecimalNumber, text: String)?,
        sign: Int
    ) -> SchemaRules.Bound? {
        if let exclusive {
            let isStricter = inclusive.map { compare($0.text, exclusive.number) * sign <= 0 } ?? true
            if isStricter {
                return SchemaRules.Bound(number: exclusive.number, isExclusive: true, text: exclusive.text)
            }
        }
        return inclusive.map { SchemaRules.Bound(number: $0.number, isExclusive: false, text: $0.text) }
    }

    private func compare(_ text: String, _ number: DecimalNumber) -> Int {
        Array(text.utf8).withUnsafeBytes { DecimalText($0).compared(to: number) }
    }

    private func setObject(_ node: inout SchemaNode, _ rules: inout SchemaRules) {
        let allowsMore = if case .allowed = additional { true } else { false }
        guard
            !properties.isEmpty || !required.isEmpty || !patterns.isEmpty || !allowsMore || names != nil
                || minimumProperties > 0 || maximumProperties < .max || !dependencies.isEmpty
        else { return }
        node.object = rules.objects.add(
            SchemaRules.Object(required: required, patterns: patterns, names: names, dependencies: dependencies))
        node.entries = rules.addEntries(properties: properties, required: required)
        node.requiredBits = required.count >= 64 ? .max : (1 << UInt64(required.count)) - 1
        node.additional = additional
        node.hasRulesForNames = names != nil || !patterns.isEmpty
        node.needsAllNames = !dependencies.isEmpty || required.count > 64
        node.minimumProperties = minimumProperties
        node.maximumProperties = maximumProperties
    }

    private func setArray(_ node: inout SchemaNode, _ rules: inout SchemaRules) {
        node.hasArrayRules =
            !firstItems.isEmpty || otherItems != nil || contains != nil || minimumItems > 0 || maximumItems < .max
            || areUnique
        if !firstItems.isEmpty { node.firstItems = rules.firstItems.add(firstItems) }
        node.otherItems = otherItems ?? SchemaNode.Place.none
        node.contains = contains ?? SchemaNode.Place.none
        node.minimumItems = minimumItems
        node.maximumItems = maximumItems
        node.areUnique = areUnique
    }
}

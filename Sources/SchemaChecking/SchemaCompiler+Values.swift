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

    mutating func enumeration(_ value: JSONValue, at pointer: String) -> ValueSet? {
        guard case .array(let values) = value, !values.isEmpty else {
            problem(pointer, "must be an array of at least one value")
            return nil
        }
        return ValueSet(values)
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
        return StringFormat(rawValue: name)
    }
}

extension KeywordValues {
    /// The compiled form. What has no rules costs nothing when a message is checked.
    func node(_ draft: SchemaDraft) -> SchemaNode {
        SchemaNode(
            types: types, integersArePlain: draft == .four, strings: stringRules, numbers: numberRules,
            objects: objectRules, arrays: arrayRules, whole: wholeRules)
    }

    private var stringRules: StringRules? {
        guard minimumLength > 0 || maximumLength < .max || pattern != nil || format != nil else { return nil }
        return StringRules(
            minimumLength: minimumLength, maximumLength: maximumLength, pattern: pattern, format: format)
    }

    private var numberRules: NumberRules? {
        let lower = stricter(minimum, exclusiveMinimum, sign: 1)
        let upper = stricter(maximum, exclusiveMaximum, sign: -1)
        guard lower != nil || upper != nil || divisor != nil else { return nil }
        return NumberRules(minimum: lower, maximum: upper, divisor: divisor)
    }

    /// Of an inclusive and an exclusive bound the one that refuses more.
    private func stricter(
        _ inclusive: (number: DecimalNumber, text: String)?, _ exclusive: (number: DecimalNumber, text: String)?,
        sign: Int
    ) -> NumberRules.Bound? {
        if let exclusive {
            let isStricter = inclusive.map { compare($0.text, exclusive.number) * sign <= 0 } ?? true
            if isStricter {
                return NumberRules.Bound(number: exclusive.number, isExclusive: true, text: exclusive.text)
            }
        }
        return inclusive.map { NumberRules.Bound(number: $0.number, isExclusive: false, text: $0.text) }
    }

    private func compare(_ text: String, _ number: DecimalNumber) -> Int {
        Array(text.utf8).withUnsafeBytes { DecimalText($0).compared(to: number) }
    }

    private var objectRules: ObjectRules? {
        let allowsMore = if case .allowed = additional { true } else { false }
        guard
            !properties.isEmpty || !required.isEmpty || !patterns.isEmpty || !allowsMore || names != nil
                || minimumProperties > 0 || maximumProperties < .max || !dependencies.isEmpty
        else { return nil }
        return ObjectRules(
            properties: PropertyTable(properties: properties, required: required), required: required,
            patterns: patterns, additional: additional, names: names, minimumCount: minimumProperties,
            maximumCount: maximumProperties, dependencies: dependencies)
    }

    private var arrayRules: ArrayRules? {
        guard
            !firstItems.isEmpty || otherItems != nil || contains != nil || minimumItems > 0 || maximumItems < .max
                || areUnique
        else { return nil }
        return ArrayRules(
            first: firstItems, others: otherItems, contains: contains, minimumCount: minimumItems,
            maximumCount: maximumItems, areUnique: areUnique)
    }

    private var wholeRules: WholeRules? {
        guard
            enumeration != nil || constant != nil || !allOf.isEmpty || !anyOf.isEmpty || !oneOf.isEmpty || not != nil
        else { return nil }
        return WholeRules(
            enumeration: enumeration, constant: constant, allOf: allOf, anyOf: anyOf, oneOf: oneOf, not: not)
    }
}

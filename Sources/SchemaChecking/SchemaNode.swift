/// The types that a schema allows.
struct JSONTypes: OptionSet, Sendable {
    let rawValue: UInt8

    static let null = JSONTypes(rawValue: 1)
    static let boolean = JSONTypes(rawValue: 2)
    static let object = JSONTypes(rawValue: 4)
    static let array = JSONTypes(rawValue: 8)
    static let string = JSONTypes(rawValue: 16)
    static let integer = JSONTypes(rawValue: 32)
    static let number = JSONTypes(rawValue: 64)
    static let all = JSONTypes(rawValue: 127)

    static let names: [(name: String, type: JSONTypes, article: String)] = [
        ("null", .null, "null"), ("boolean", .boolean, "a boolean"), ("object", .object, "an object"),
        ("array", .array, "an array"), ("string", .string, "a string"), ("integer", .integer, "an integer"),
        ("number", .number, "a number"),
    ]

    /// `a string or null`
    var inWords: String {
        let words = Self.names.filter { contains($0.type) }.map(\.article)
        return words.isEmpty ? "absent" : words.joined(separator: " or ")
    }
}

/// One compiled schema object. Other nodes are named by their place in the schema's list, so that schemas may refer to
/// themselves.
final class SchemaNode: Sendable {
    let types: JSONTypes
    /// Draft 4: 1.0 is no integer.
    let integersArePlain: Bool
    let strings: StringRules?
    let numbers: NumberRules?
    let objects: ObjectRules?
    let arrays: ArrayRules?
    /// Rules that hold for a value of any type, looked at when its end is known.
    let whole: WholeRules?
    /// The schema `false`.
    let isNever: Bool

    init(
        types: JSONTypes, integersArePlain: Bool = false, strings: StringRules? = nil, numbers: NumberRules? = nil,
        objects: ObjectRules? = nil, arrays: ArrayRules? = nil, whole: WholeRules? = nil, isNever: Bool = false
    ) {
        self.types = types
        self.integersArePlain = integersArePlain
        self.strings = strings
        self.numbers = numbers
        self.objects = objects
        self.arrays = arrays
        self.whole = whole
        self.isNever = isNever
    }

    static let anything = SchemaNode(types: .all)
    static let nothing = SchemaNode(types: .all, isNever: true)
}

/// What strings must be. Lengths are in Unicode scalars.
final class StringRules: Sendable {
    let minimumLength: Int
    let maximumLength: Int
    let pattern: Pattern?
    let format: StringFormat?

    init(minimumLength: Int, maximumLength: Int, pattern: Pattern?, format: StringFormat?) {
        self.minimumLength = minimumLength
        self.maximumLength = maximumLength
        self.pattern = pattern
        self.format = format
    }
}

/// What numbers must be.
final class NumberRules: Sendable {
    struct Bound: Sendable {
        let number: DecimalNumber
        let isExclusive: Bool
        /// As the schema has it, for descriptions.
        let text: String
    }

    let minimum: Bound?
    let maximum: Bound?
    let divisor: DecimalDivisor?

    init(minimum: Bound?, maximum: Bound?, divisor: DecimalDivisor?) {
        self.minimum = minimum
        self.maximum = maximum
        self.divisor = divisor
    }
}

/// What objects must be.
final class ObjectRules: Sendable {
    enum Additional: Sendable {
        case allowed
        case forbidden
        case schema(Int)
    }

    enum Dependency: Sendable {
        case names([String])
        case schema(Int)
    }

    let properties: PropertyTable
    /// In the order of the schema.
    let required: [String]
    let patterns: [(pattern: Pattern, node: Int)]
    let additional: Additional
    let names: Int?
    let minimumCount: Int
    let maximumCount: Int
    let dependencies: [(name: String, dependency: Dependency)]
    /// One bit for each of `required`, up to 64.
    let requiredBits: UInt64
    /// Every name has to be looked at by more rules than the property table.
    let hasRulesForNames: Bool

    init(
        properties: PropertyTable, required: [String], patterns: [(pattern: Pattern, node: Int)],
        additional: Additional, names: Int?, minimumCount: Int, maximumCount: Int,
        dependencies: [(name: String, dependency: Dependency)]
    ) {
        self.properties = properties
        self.required = required
        self.patterns = patterns
        self.additional = additional
        self.names = names
        self.minimumCount = minimumCount
        self.maximumCount = maximumCount
        self.dependencies = dependencies
        requiredBits = required.count >= 64 ? .max : (1 << UInt64(required.count)) - 1
        hasRulesForNames = names != nil || !patterns.isEmpty
    }
}

/// What arrays must be.
final class ArrayRules: Sendable {
    /// The schemas of the first items, one each.
    let first: [Int]
    /// The schema of the items behind those.
    let others: Int?
    let contains: Int?
    let minimumCount: Int
    let maximumCount: Int
    let areUnique: Bool

    init(first: [Int], others: Int?, contains: Int?, minimumCount: Int, maximumCount: Int, areUnique: Bool) {
        self.first = first
        self.others = others
        self.contains = contains
        self.minimumCount = minimumCount
        self.maximumCount = maximumCount
        self.areUnique = areUnique
    }
}

/// What any value must be.
final class WholeRules: Sendable {
    let enumeration: ValueSet?
    let constant: ValueSet?
    let allOf: [Int]
    let anyOf: [Int]
    let oneOf: [Int]
    let not: Int?
    /// There is more than `enum` and `const`.
    let combines: Bool

    init(enumeration: ValueSet?, constant: ValueSet?, allOf: [Int], anyOf: [Int], oneOf: [Int], not: Int?) {
        self.enumeration = enumeration
        self.constant = constant
        self.allOf = allOf
        self.anyOf = anyOf
        self.oneOf = oneOf
        self.not = not
        combines = !allOf.isEmpty || !anyOf.isEmpty || !oneOf.isEmpty || not != nil
    }
}

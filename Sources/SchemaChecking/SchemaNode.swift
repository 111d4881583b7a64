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

/// One compiled schema object. It and all that it needs for a message that fits is plain memory, so that a check
/// counts no references; what is left, mostly needed to say what is wrong, lies in `SchemaRules` by its place there.
/// Other nodes are named by their place too, so that schemas may refer to themselves.
struct SchemaNode: Sendable {
    var types = JSONTypes.all
    /// Draft 4: 1.0 is no integer.
    var integersArePlain = false
    /// The schema `false`.
    var isNever = false

    /// Strings: lengths in Unicode scalars.
    var minimumLength = 0
    var maximumLength = Int.max
    var format: StringFormat?
    var pattern = Place.none

    var numbers = Place.none

    /// Objects. The names of `properties` and `required` are `entries` of the rules.
    var object = Place.none
    var entries = 0..<0
    /// One bit for each required name, up to 64.
    var requiredBits: UInt64 = 0
    var additional = Additional.allowed
    /// Every name has to be looked at by more rules than the entries.
    var hasRulesForNames = false
    /// `dependencies`, or more required names than there are bits.
    var needsAllNames = false
    var minimumProperties = 0
    var maximumProperties = Int.max

    var hasArrayRules = false
    /// `items` with a list of schemas.
    var firstItems = Place.none
    var otherItems = Place.none
    var contains = Place.none
    var minimumItems = 0
    var maximumItems = Int.max
    var areUnique = false

    var enumeration = ValueSet()
    var constant = ValueSet()
    var combination = Place.none

    enum Additional: Sendable {
        case allowed
        case forbidden
        case schema(Int)
    }

    /// Places in the lists of `SchemaRules`.
    enum Place {
        static let none = -1
    }

    static let anything = SchemaNode()
    static let nothing = SchemaNode(isNever: true)
}

/// The values of `enum` or `const`: strings are `texts` of the rules, all else lies in `values` there.
struct ValueSet: Sendable {
    var texts = 0..<0
    /// Unless there is no such rule.
    var values = SchemaNode.Place.none
}

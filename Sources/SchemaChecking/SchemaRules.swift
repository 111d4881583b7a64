/// The lists in which the nodes of one schema have what does not fit into them.
struct SchemaRules: Sendable {
    /// A name that an object schema knows.
    struct Entry: Sendable {
        var name: Text
        /// The property's schema; none for a name that only `required` has.
        var node: Int
        /// The bit of a required name; 0 for others, and from the 65th on.
        var requiredBit: UInt64
    }

    /// A string in `bytes`.
    struct Text: Sendable {
        var start: Int
        var count: Int
    }

    struct Object: Sendable {
        /// In the order of the schema.
        var required: [String]
        var patterns: [(pattern: Pattern, node: Int)]
        var names: Int?
        var dependencies: [(name: String, dependency: Dependency)]
    }

    enum Dependency: Sendable {
        case names([String])
        case schema(Int)
    }

    struct Numbers: Sendable {
        var minimum: Bound?
        var maximum: Bound?
        var divisor: DecimalDivisor?
    }

    struct Bound: Sendable {
        var number: DecimalNumber
        var isExclusive: Bool
        /// As the schema has it, for descriptions.
        var text: String
    }

    struct Combination: Sendable {
        var allOf: [Int]
        var anyOf: [Int]
        var oneOf: [Int]
        var not: Int?
    }

    struct Values: Sendable {
        /// Those that are no strings.
        var others: Set<JSONValue>
        /// `one of Accepted, Rejected`, for descriptions.
        var inWords: String
    }

    var entries: [Entry] = []
    var texts: [Text] = []
    /// The bytes of names and of the strings in `enum` and `const`, one behind the other.
    var bytes: [UInt8] = []
    var objects: [Object] = []
    var firstItems: [[Int]] = []
    var numbers: [Numbers] = []
    var patterns: [Pattern] = []
    var combinations: [Combination] = []
    var values: [Values] = []

    mutating func add(_ text: ExactText) -> Text {
        let start = bytes.count
        bytes.append(contentsOf: text.utf8)
        return Text(start: start, count: text.utf8.count)
    }

    mutating func addEntries(properties: [(name: String, node: Int)], required: [String]) -> Range<Int> {
        let start = entries.count
        let known = Set(properties.map { ExactText($0.name) })
        let others = required.filter { !known.contains(ExactText($0)) }.map { ($0, SchemaNode.Place.none) }
        for (name, node) in properties + others {
            let text = ExactText(name)
            let bit = required.prefix(64).firstIndex { ExactText($0) == text }
            entries.append(Entry(name: add(text), node: node, requiredBit: bit.map { 1 << UInt64($0) } ?? 0))
        }
        return start..<entries.count
    }

    mutating func addValues(_ values: [JSONValue]) -> ValueSet {
        let start = texts.count
        var others: Set<JSONValue> = []
        for value in values {
            if case .string(let text) = value {
                texts.append(add(text))
            } else {
                others.insert(value)
            }
        }
        // A description shows the first ones only.
        let words = values.prefix(40).map(\.inWords).joined(separator: ", ")
        self.values.append(Values(others: others, inWords: values.count == 1 ? words : "one of \(words)"))
        return ValueSet(texts: start..<texts.count, values: self.values.count - 1)
    }
}

extension Array {
    /// Appends and returns the place.
    mutating func add(_ element: Element) -> Int {
        append(element)
        return count - 1
    }
}

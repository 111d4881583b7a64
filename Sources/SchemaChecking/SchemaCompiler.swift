import JSONText

/// Compiles one schema document. It goes on after a problem, so that all of them can be told.
struct SchemaCompiler {
    /// Schemas that look at the same value inside each other (`allOf` in `allOf`); it bounds the stack of a check.
    private static let maximumChain = 16

    let file: String
    let dateTimes: DateTimeRule
    let document: JSONValue
    private(set) var draft = SchemaDraft.six
    private var documentID: String?
    private var problems: [SchemaProblem] = []
    /// Nil while a schema is being compiled.
    private var nodes: [SchemaNode?] = []
    var rules = SchemaRules()
    private var placeOfPointer: [String: Int] = [:]
    /// For each node, the nodes that look at the same value.
    var links: [Int: [Int]] = [:]
    /// Schemas around the current one, below the document's root, that have an `$id`.
    private var identifiedSchemas = 0

    init(_ document: [UInt8], file: String, dateTimes: DateTimeRule) throws(SchemaProblems) {
        self.file = file
        self.dateTimes = dateTimes
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        let text = document.starts(with: mark) ? document[3...] : document[...]
        var reader = JSONTreeReader(notesRepeatedNames: true)
        let result = text.withUnsafeBytes { bytes in
            Result { () throws(JSONSyntaxError) in try reader.read(bytes) }
        }
        switch result {
        case .success(let value): self.document = value
        case .failure(let error):
            throw SchemaProblems([SchemaProblem(file: file, reason: "not JSON: \(error.reason(atByte: reader.end))")])
        }
        for pointer in reader.repeatedNames { problem(pointer, "the name stands twice in its object") }
    }

    mutating func compile() throws(SchemaProblems) -> Schema {
        readHead()
        let root = node(document, at: "")
        checkChains()
        let compiled = nodes.compactMap { $0 }
        guard problems.isEmpty, compiled.count == nodes.count else { throw SchemaProblems(problems) }
        return Schema(id: documentID, nodes: compiled, rules: rules, root: root)
    }

    private mutating func readHead() {
        guard case .object(let schema) = document else { return }
        if let uri = schema["$schema"] {
            if let known = uri.string.flatMap(SchemaDraft.init(uri:)) {
                draft = known
            } else {
                problem("/$schema", "only draft 4 (http://json-schema.org/draft-04/schema#) and 6 are supported")
            }
        }
        for name in ["id", "$id"] {
            guard let id = schema[name] else { continue }
            if id.string == nil { problem("/" + name, "must be a string") }
            documentID = id.string ?? documentID
        }
    }

    mutating func problem(_ pointer: String, _ reason: String) {
        problems.append(SchemaProblem(file: file, pointer: pointer, reason: reason))
    }

    /// Compiles the schema `value`, if that has not been done, and returns its place.
    ///
    /// - Parameter mayBeBoolean: even in draft 4, as for `additionalItems`.
    mutating func node(_ value: JSONValue, at pointer: String, mayBeBoolean: Bool = false) -> Int {
        if let place = placeOfPointer[pointer] { return place }
        if case .object(let schema) = value, let reference = schema["$ref"] {
            return referencedNode(schema, reference, at: pointer)
        }
        let place = nodes.count
        placeOfPointer[pointer] = place
        nodes.append(nil)
        switch value {
        case .boolean(let allowed):
            if draft == .four, !mayBeBoolean {
                problem(pointer, "must be an object: schemas true and false came with draft 6")
            }
            nodes[place] = allowed ? .anything : .nothing
        case .object(let schema):
            let hasID = !pointer.isEmpty && (schema["$id"] != nil || schema["id"] != nil)
            identifiedSchemas += hasID ? 1 : 0
            nodes[place] = keywords(of: schema, at: pointer, place: place)
            identifiedSchemas -= hasID ? 1 : 0
        default:
            problem(pointer, draft == .four ? "must be an object" : "must be an object, true or false")
            nodes[place] = .nothing
        }
        return place
    }

    /// `$ref` is replaced by what it refers to. What stands beside it has no effect in drafts 4 and 6.
    private mutating func referencedNode(_ schema: JSONObject, _ reference: JSONValue, at pointer: String) -> Int {
        for (name, value) in schema.members where name != "$ref" {
            let place = pointer + JSONPointer.component(name)
            if name == "definitions" {
                compileDefinitions(value, at: place)
            } else if !Self.isKnown(name) {
                problem(place, "unknown keyword")
            }
        }
        // A marker, so that references in a circle end here; the true place replaces it.
        let marker = nodes.count
        placeOfPointer[pointer] = marker
        nodes.append(.nothing)
        guard let (target, targetPointer) = resolve(reference, at: pointer + "/$ref") else { return marker }
        let place = node(target, at: targetPointer)
        if place == marker { problem(pointer + "/$ref", "refers to itself") }
        placeOfPointer[pointer] = place
        return place
    }

    private mutating func resolve(_ reference: JSONValue, at pointer: String) -> (JSONValue, String)? {
        guard let text = reference.string else {
            problem(pointer, "must be a string")
            return nil
        }
        guard identifiedSchemas == 0 else {
            problem(pointer, "references inside of a schema with its own $id are not supported")
            return nil
        }
        var fragment = text
        if let id = documentID, !id.isEmpty, text.hasPrefix(id.hasSuffix("#") ? String(id.dropLast()) : id) {
            fragment = String(text.dropFirst(id.hasSuffix("#") ? id.count - 1 : id.count))
        }
        guard fragment.isEmpty || fragment.hasPrefix("#"),
            let names = JSONPointer.names(inFragment: String(fragment.dropFirst()))
        else {
            problem(pointer, "\(text) cannot be resolved: only references within the file (#/definitions/...) are")
            return nil
        }
        var value = document
        for name in names {
            switch value {
            case .object(let object):
                guard let member = object[name] else { return unresolved(text, at: pointer) }
                value = member
            case .array(let items):
                guard let place = Int(name), items.indices.contains(place) else {
                    return unresolved(text, at: pointer)
                }
                value = items[place]
            default:
                return unresolved(text, at: pointer)
            }
        }
        return (value, names.map(JSONPointer.component).joined())
    }

    private mutating func unresolved(_ reference: String, at pointer: String) -> (JSONValue, String)? {
        problem(pointer, "\(reference) cannot be resolved: there is nothing in the file at that place")
        return nil
    }

    mutating func compileDefinitions(_ value: JSONValue, at pointer: String) {
        guard case .object(let definitions) = value else { return problem(pointer, "must be an object") }
        for (name, schema) in definitions.members { _ = node(schema, at: pointer + JSONPointer.component(name)) }
    }

    /// A schema that comes back to itself for the same value would never end.
    private mutating func checkChains() {
        var lengths: [Int: Int] = [:]
        for place in nodes.indices where lengths[place] == nil {
            var open: Set<Int> = []
            if chainLength(place, &lengths, &open) == nil {
                let pointer = placeOfPointer.filter { $0.value == place }.keys.min() ?? ""
                return problem(
                    pointer,
                    "comes back to itself without end, or nests allOf, anyOf, oneOf, not and dependencies more than "
                        + "\(Self.maximumChain) deep")
            }
        }
    }

    private func chainLength(_ place: Int, _ lengths: inout [Int: Int], _ open: inout Set<Int>) -> Int? {
        if let length = lengths[place] { return length }
        guard open.insert(place).inserted, open.count <= Self.maximumChain else { return nil }
        var longest = 0
        for next in links[place] ?? [] {
            guard let length = chainLength(next, &lengths, &open) else { return nil }
            longest = max(longest, length + 1)
        }
        open.remove(place)
        guard longest < Self.maximumChain else { return nil }
        lengths[place] = longest
        return longest
    }
}

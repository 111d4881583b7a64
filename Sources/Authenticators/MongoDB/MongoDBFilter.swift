import Authentication
import CredentialChecking

/// The key `filter`: a document whose strings are templates. Each fills its one string and adds no structure.
struct MongoDBFilter: Sendable {
    /// Where a string is a value to be compared with. Elsewhere (`$where`, `$regex`, `$expr`, …) it is code, a pattern
    /// or a path, and a charge point would choose what it says.
    private static let comparingOperators: Set<String> = ["$and", "$or", "$eq", "$in", "$all", "$elemMatch"]
    private static let mostDepth = 32

    let json: String
    /// Of all its strings, in the order in which they stand.
    private let templates: [CredentialTemplate]

    init(_ json: String) throws(BackendProblem) {
        guard let document = BSONDocument(json: json), let iterator = BSONIterator(document) else {
            throw BackendProblem("filter", "expected a JSON object, such as \(MongoDBConfiguration.defaultFilter)")
        }
        self.json = json
        var templates: [CredentialTemplate] = []
        try Self.read(iterator, into: &templates, compares: true, isArray: false, depth: 0)
        guard templates.contains(where: \.namesIdentity) else {
            throw BackendProblem("filter", BackendProblem.namesNobody)
        }
        self.templates = templates
    }

    /// What fills each string.
    func texts(for credentials: Credentials) -> [String] {
        templates.map { $0.text(for: credentials) }
    }

    private static func read(
        _ iterator: BSONIterator, into templates: inout [CredentialTemplate], compares: Bool, isArray: Bool, depth: Int
    ) throws(BackendProblem) {
        guard depth < mostDepth else { throw BackendProblem("filter", "nests too deep") }
        while iterator.next() {
            let key = iterator.key
            guard !key.contains("${") else {
                throw BackendProblem("filter", "a name cannot hold a placeholder: \(key)")
            }
            let compares = compares && (isArray || !key.hasPrefix("$") || comparingOperators.contains(key))
            if iterator.isText {
                let template = try template(String(decoding: iterator.bytes ?? [], as: UTF8.self))
                guard compares || template.fields.isEmpty else {
                    throw BackendProblem(
                        "filter", "a placeholder cannot stand below \(key): it would be more than a value")
                }
                templates.append(template)
            } else if let child = iterator.child {
                try read(child, into: &templates, compares: compares, isArray: iterator.isArray, depth: depth + 1)
            }
        }
    }

    private static func template(_ text: String) throws(BackendProblem) -> CredentialTemplate {
        do throws(CredentialTemplateError) {
            return try CredentialTemplate(text)
        } catch {
            throw BackendProblem("filter", error.description)
        }
    }
}

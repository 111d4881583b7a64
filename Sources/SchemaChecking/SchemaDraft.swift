/// The drafts of JSON Schema that are understood.
enum SchemaDraft: Sendable, Equatable {
    case four
    case six

    /// By the URI of `$schema`, with or without its `#`; nil for a draft that is not understood.
    init?(uri: String) {
        let uri = uri.hasSuffix("#") ? String(uri.dropLast()) : uri
        switch uri {
        case "http://json-schema.org/draft-04/schema", "https://json-schema.org/draft-04/schema": self = .four
        case "http://json-schema.org/draft-06/schema", "https://json-schema.org/draft-06/schema": self = .six
        default: return nil
        }
    }

    var name: String {
        switch self {
        case .four: "draft 4"
        case .six: "draft 6"
        }
    }
}

/// The values of `format` that are checked; all others pass, as both drafts allow.
enum StringFormat: String, Sendable {
    case dateTime = "date-time"
    case uri

    func accepts(_ text: UnsafeRawBufferPointer) -> Bool {
        switch self {
        case .dateTime: DateTimeText.isDateTime(text)
        case .uri: URIText.isURI(text)
        }
    }

    var inWords: String {
        switch self {
        case .dateTime: "a date-time (RFC 3339)"
        case .uri: "a URI (RFC 3986)"
        }
    }
}

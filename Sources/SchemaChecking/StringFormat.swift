/// The values of `format` that are checked; all others pass, as both drafts allow.
enum StringFormat: Sendable {
    case dateTime
    /// What `date-time` means in OCPP 1.6.
    case dateTimeISO8601
    case uri

    /// The format that a schema names; nil for one that is not checked.
    init?(name: String, dateTimes: DateTimeRule) {
        switch name {
        case "date-time": self = dateTimes == .iso8601 ? .dateTimeISO8601 : .dateTime
        case "uri": self = .uri
        default: return nil
        }
    }

    func accepts(_ text: UnsafeRawBufferPointer) -> Bool {
        switch self {
        case .dateTime: DateTimeText.isDateTime(text, .rfc3339)
        case .dateTimeISO8601: DateTimeText.isDateTime(text, .iso8601)
        case .uri: URIText.isURI(text)
        }
    }

    var inWords: String {
        switch self {
        case .dateTime: "a date-time (RFC 3339)"
        case .dateTimeISO8601: "a date and time (ISO 8601)"
        case .uri: "a URI (RFC 3986)"
        }
    }
}

import NIOCore

extension JSONWriter {
    package mutating func member(_ key: StaticString, _ value: JSON) {
        self.key(key)
        self.value(value)
    }

    package mutating func value(_ value: JSON) {
        switch value {
        case .null: null()
        case .bool(let value): bool(value)
        case .number(let digits): verbatim(digits.utf8)
        case .string(let text): string(text)
        case .verbatim(let text): verbatim(text.readableBytesView)
        case .array(let elements):
            beginArray()
            for element in elements { self.value(element) }
            endArray()
        case .object(let members):
            beginObject()
            for member in members {
                key(member.key)
                self.value(member.value)
            }
            endObject()
        }
    }
}

extension JSON {
    /// In one line, for a log.
    package var compactText: String {
        var writer = JSONWriter()
        writer.value(self)
        return String(buffer: writer.bytes)
    }
}

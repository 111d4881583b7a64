/// The first rule of a schema that a message breaks.
///
/// "First" is the order of the text. A value's type counts where the value begins and an unknown field where its name
/// stands; all else that is said about a value counts where it ends. What counts at the same end comes in this order:
/// missing fields as `required` lists them; the other rules of the value's type (length, `format`, `pattern`; bounds,
/// `multipleOf`; number of fields, `dependencies`; number of items, `contains`, `uniqueItems`); `enum`, `const`; then
/// `allOf`, `anyOf`, `oneOf` and `not`.
package struct SchemaViolation: Error, Sendable, Equatable {
    package enum Kind: String, Sendable, CaseIterable {
        /// A field that `required` names is not there.
        case missingField
        /// `type`.
        case wrongType
        /// Length, range, enum, format, multipleOf, item count and every other rule.
        case constraint
        /// A field that `additionalProperties: false` forbids.
        case unknownField
    }

    package var kind: Kind
    /// The value that breaks the rule, as a JSON pointer (RFC 6901) into the payload: `/meterValue/0/timestamp`.
    package var pointer: String
    /// The rule in plain words: `missing, but required`. Of the message it repeats only a value that `enum` or `const`
    /// refuses, cut to 40 characters.
    package var rule: String

    package init(kind: Kind, pointer: String, rule: String) {
        self.kind = kind
        self.pointer = pointer
        self.rule = rule
    }

    /// OCPP's limit for an ErrorDescription (OCPP-J 1.6, 4.2.3), in characters.
    static let maximumDescriptionLength = 255

    /// `/meterValue/0/timestamp: missing, but required`, at most 255 characters (Unicode scalars).
    ///
    /// A field's name may be as long as the sender likes: the pointer is cut at its beginning, the rule only when it
    /// leaves no room. Control characters, which a name or a refused value can hold, become `?`.
    package var description: String {
        let rule = rule.unicodeScalars.prefix(Self.maximumDescriptionLength - 55)
        let place = pointer.isEmpty ? "payload" : pointer
        let room = Self.maximumDescriptionLength - rule.count - 2
        var scalars = String.UnicodeScalarView()
        if place.unicodeScalars.count > room {
            scalars.append("…")
            scalars.append(contentsOf: place.unicodeScalars.suffix(room - 1))
        } else {
            scalars.append(contentsOf: place.unicodeScalars)
        }
        scalars.append(contentsOf: ": ".unicodeScalars)
        scalars.append(contentsOf: rule)
        return String(
            String.UnicodeScalarView(scalars.map { $0.properties.generalCategory == .control ? "?" : $0 }))
    }
}

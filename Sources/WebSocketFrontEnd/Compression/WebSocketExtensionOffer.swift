/// One element of `Sec-WebSocket-Extensions` (RFC 6455, 9.1).
struct WebSocketExtensionOffer: Equatable {
    struct Parameter: Equatable {
        var name: String
        /// Nil without `=`.
        var value: String?
    }

    var name: String
    var parameters: [Parameter] = []

    /// The offers of one header field, in the order of preference; nil where it is not in the form of such a field.
    static func offers(in field: String) -> [WebSocketExtensionOffer]? {
        var reader = Reader(rest: field.utf8[...])
        var offers: [WebSocketExtensionOffer] = []
        repeat {
            // RFC 9110, 5.6.1.2: empty elements are to be tolerated.
            guard let name = reader.token() else {
                guard reader.isAtSeparator else { return nil }
                continue
            }
            var offer = WebSocketExtensionOffer(name: name)
            while reader.take(UInt8(ascii: ";")) {
                guard let parameter = reader.parameter() else { return nil }
                offer.parameters.append(parameter)
            }
            offers.append(offer)
        } while reader.take(UInt8(ascii: ","))
        return reader.isAtEnd ? offers : nil
    }

    private struct Reader {
        var rest: Substring.UTF8View

        var isAtEnd: Bool { rest.isEmpty }
        var isAtSeparator: Bool { rest.first.map { $0 == UInt8(ascii: ",") } ?? true }

        mutating func skipSpace() {
            rest = rest.drop { $0 == 0x20 || $0 == 0x09 }
        }

        mutating func take(_ byte: UInt8) -> Bool {
            skipSpace()
            guard rest.first == byte else { return false }
            rest = rest.dropFirst()
            skipSpace()
            return true
        }

        mutating func token() -> String? {
            skipSpace()
            let token = rest.prefix(while: WebSocketExtensionOffer.isTokenByte)
            guard !token.isEmpty else { return nil }
            rest = rest[token.endIndex...]
            defer { skipSpace() }
            return Substring(token).asciiLowercased
        }

        mutating func parameter() -> Parameter? {
            guard let name = token() else { return nil }
            guard take(UInt8(ascii: "=")) else { return Parameter(name: name) }
            guard take(UInt8(ascii: "\"")) else { return token().map { Parameter(name: name, value: $0) } }
            // What is quoted must be a token all the same, so it needs no escapes.
            guard let value = token(), take(UInt8(ascii: "\"")) else { return nil }
            return Parameter(name: name, value: value)
        }
    }

    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }
}

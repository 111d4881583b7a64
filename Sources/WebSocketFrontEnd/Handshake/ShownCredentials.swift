import NIOHTTP1
import OutsideNames

/// What a handshake shows in `Authorization`.
enum ShownCredentials: Equatable {
    /// No such header, several of them, another scheme, or one that cannot be read.
    case none
    case basic(BasicCredentials)
    /// RFC 6750, 2.1.
    case bearer([UInt8])

    init(_ headers: HTTPHeaders) {
        let values = headers["authorization"]
        if values.count == 1, let basic = BasicCredentials(authorization: values[0]) {
            self = .basic(basic)
        } else if values.count == 1, let token = Self.token(values[0]) {
            self = .bearer(token)
        } else {
            self = .none
        }
    }

    var userName: UserName? {
        guard case .basic(let basic) = self else { return nil }
        return basic.username
    }

    var password: [UInt8]? {
        guard case .basic(let basic) = self else { return nil }
        return basic.password
    }

    var bearerToken: [UInt8]? {
        guard case .bearer(let token) = self else { return nil }
        return token
    }

    private static func token(_ header: String) -> [UInt8]? {
        let scheme = header.utf8.prefix { $0 != UInt8(ascii: " ") }
        guard Substring(scheme).isSame(ignoringASCIICase: "bearer") else { return nil }
        let token = Array(header.utf8.dropFirst(scheme.count).drop { $0 == UInt8(ascii: " ") })
        let body = token.prefix { $0 != UInt8(ascii: "=") }
        guard !body.isEmpty, body.allSatisfy(isTokenByte),
            token.dropFirst(body.count).allSatisfy({ $0 == UInt8(ascii: "=") })
        else { return nil }
        return token
    }

    /// `b64token` without its padding.
    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "-._~+/".utf8.contains(byte)
        }
    }
}

// A token must not get into a log or a debugger's dump.
extension ShownCredentials: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    var description: String {
        switch self {
        case .none: "no credentials"
        case .basic(let basic): basic.description
        case .bearer: "a bearer token"
        }
    }
    var debugDescription: String { description }
    var customMirror: Mirror { Mirror(self, children: []) }
}

/// Whose offers of permessage-deflate are accepted (`websocket.compress`).
package enum CompressionPolicy: Sendable, Equatable {
    case always
    case never
    /// OCPP 2.x asks central systems to support it (2.0.1 part 4, 3.1.5; 2.1 likewise); OCPP 1.6 does not know it.
    case inOCPP2

    func accepts(inSubprotocol name: String) -> Bool {
        switch self {
        case .always: true
        case .never: false
        case .inOCPP2: name.utf8.starts(with: "ocpp2.".utf8)
        }
    }
}

import OutsideNames

// Topics of the gateways themselves, among those of the claims, so that one line of an access list is enough. An identity
// is never written like that: behind its `%` there is `2B` or `25`.
extension TopicTemplate {
    /// Where gateways say hello; all of them hear it.
    package var gateways: Topic? { filled(level: "%gateways") }

    private static let longestGatewayID = 256

    /// Where one gateway alone hears what it is answered. Nil: no topic can be made of that name.
    package func answers(to gateway: ClientID) -> Topic? {
        guard gateway.utf8.count <= Self.longestGatewayID else { return nil }
        var level = "%gateway-"
        for byte in gateway.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
                level.unicodeScalars.append(Unicode.Scalar(byte))
            default: level += "%" + String(byte >> 4, radix: 16) + String(byte & 15, radix: 16)
            }
        }
        return filled(level: level)
    }

    private func filled(level: String) -> Topic? {
        filled { $0 == .cid || $0 == .clientid ? level : nil }.topic
    }
}

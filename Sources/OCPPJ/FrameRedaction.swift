import JSONText
import NIOCore

/// A message as the log may show it: what identifies people and what opens doors is hidden.
package enum FrameRedaction {
    /// Longest text of a frame in the log, in bytes.
    static let longestText = 4096
    private static let hidden = "\"***\""
    /// Members whose value is always hidden.
    private static let secretKeys: Set<String> = [
        "idTag", "parentIdTag", "idToken", "additionalIdToken", "password", "AuthorizationKey", "BasicAuthPassword",
        "basicAuthPassword", "apnPassword", "simPin", "token",
    ]
    /// Members that hold a URL, which may carry a user and a password.
    private static let locationKeys: Set<String> = ["location", "remoteLocation", "url", "ocppCsmsUrl"]
    /// Configuration keys whose `value` member is a secret, in small letters: OCPP compares them without regard to case.
    private static let secretConfigurationKeys = ["authorizationkey", "basicauthpassword"]

    /// What the name of a variable with a secret value ends in, in small letters (OCPP 2.0.1: SetVariables).
    private static let secretVariableEndings = ["password", "key", "secret", "pin"]

    /// - Parameter showsAll: `log.frames`: nothing is hidden.
    package static func text(of message: ByteBuffer, showsAll: Bool) -> String {
        let text = String(decoding: message.readableBytesView.prefix(longestText), as: UTF8.self)
        let cut = message.readableBytes > longestText ? "… (\(message.readableBytes) bytes)" : ""
        if showsAll { return text + cut }
        return message.withUnsafeReadableBytes { bytes in
            var copy = RedactedCopy(bytes: bytes, hidesValues: !cut.isEmpty || mayNameSecretConfigurationKey(text))
            guard (try? copy.copy()) != nil else {
                return "(\(bytes.count) bytes that are not JSON)"
            }
            return String(decoding: copy.out.utf8.prefix(longestText), as: UTF8.self) + cut
        }
    }

    /// Whether a configuration key with a secret value may be in `text`; with an escape it may be spelled in any way.
    private static func mayNameSecretConfigurationKey(_ text: String) -> Bool {
        let text = text.lowercased()
        return text.utf8.contains(UInt8(ascii: "\\")) || secretConfigurationKeys.contains { text.contains($0) }
    }

    private struct RedactedCopy {
        let bytes: UnsafeRawBufferPointer
        let hidesValues: Bool
        /// Objects are looked at before they are copied: one with an `attributeValue` may name its variable behind it.
        let mayHoldAttributes: Bool
        var out = ""

        init(bytes: UnsafeRawBufferPointer, hidesValues: Bool) {
            self.bytes = bytes
            self.hidesValues = hidesValues
            // With an escape it may be spelled in any way.
            let text = String(decoding: bytes, as: UTF8.self)
            mayHoldAttributes =
                text.utf8.contains(UInt8(ascii: "\\")) || text.firstRange(of: "attributeValue") != nil
        }

        /// The whole text, hidden where it must be.
        mutating func copy() throws(JSONSyntaxError) {
            var scanner = JSONScanner(bytes)
            scanner.skipWhitespace()
            try copyValue(&scanner)
        }

        /// - Parameter isVPN: it is the value of a member `vpn`, whose `key` is a secret.
        private mutating func copyValue(
            _ scanner: inout JSONScanner, hides: Bool = false, isVPN: Bool = false
        ) throws(JSONSyntaxError) {
            var separator = ""
            switch scanner.current {
            case _ where hides:
                _ = try scanner.scanValue()
                out += hidden
            case UInt8(ascii: "{"):
                out += "{"
                let hidesAttribute = mayHoldAttributes ? try namesSecretVariable(scanner) : false
                try scanner.walkObject { (key, scanner) throws(JSONSyntaxError) in
                    out += separator + String(decoding: bytes[key.range], as: UTF8.self) + ":"
                    separator = ","
                    let name = key.text(in: bytes)
                    let isSecret =
                        secretKeys.contains(name) || locationKeys.contains(name) || isVPN && name == "key"
                        || hidesValues && name == "value" || hidesAttribute && name == "attributeValue"
                    try copyValue(&scanner, hides: isSecret, isVPN: name == "vpn")
                }
                out += "}"
            case UInt8(ascii: "["):
                out += "["
                try scanner.walkArray { (scanner) throws(JSONSyntaxError) in
                    out += separator
                    separator = ","
                    try copyValue(&scanner)
                }
                out += "]"
            default:
                out += String(decoding: bytes[try scanner.scanValue().range], as: UTF8.self)
            }
        }

        /// Whether the object that comes next has a `variable` whose name says that its value is a secret.
        private func namesSecretVariable(_ scanner: JSONScanner) throws(JSONSyntaxError) -> Bool {
            var ahead = scanner
            let object = UnsafeRawBufferPointer(rebasing: bytes[try ahead.scanValue().range])
            var isSecret = false
            try JSONScanner.forEachMember(of: object) { key, value in
                guard key.hasText("variable", in: object), value.kind == .object else { return }
                let variable = UnsafeRawBufferPointer(rebasing: object[value.range])
                try? JSONScanner.forEachMember(of: variable) { key, value in
                    guard key.hasText("name", in: variable), value.kind == .string else { return }
                    let name = value.text(in: variable).lowercased()
                    if secretVariableEndings.contains(where: { name.hasSuffix($0) }) { isSecret = true }
                }
            }
            return isSecret
        }
    }
}

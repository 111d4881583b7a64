import JSONText
import NIOCore

/// A message as the log may show it: what identifies people and what opens doors is hidden.
public enum FrameRedaction {
    /// Longest text of a frame in the log, in bytes.
    static let longestText = 4096
    private static let hidden = "\"***\""
    /// Members whose value is always hidden.
    private static let secretKeys: Set<String> = [
        "idTag", "parentIdTag", "idToken", "password", "AuthorizationKey", "BasicAuthPassword", "token",
    ]
    /// Members that hold a URL, which may carry a user and a password.
    private static let locationKeys: Set<String> = ["location", "remoteLocation", "url"]
    /// Configuration keys whose `value` member is a secret, in small letters: OCPP compares them without regard to case.
    private static let secretConfigurationKeys = ["authorizationkey", "basicauthpassword"]

    /// - Parameter showsAll: `log.frames`: nothing is hidden.
    public static func text(of message: ByteBuffer, showsAll: Bool) -> String {
        let text = String(decoding: message.readableBytesView.prefix(longestText), as: UTF8.self)
        let cut = message.readableBytes > longestText ? "… (\(message.readableBytes) bytes)" : ""
        if showsAll { return text + cut }
        return message.withUnsafeReadableBytes { bytes in
            var copy = RedactedCopy(bytes: bytes, hidesValues: !cut.isEmpty || mayNameSecretConfigurationKey(text))
            guard (try? copy.copyValue(hides: false)) != nil else {
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
        var scanner: JSONScanner
        let bytes: UnsafeRawBufferPointer
        let hidesValues: Bool
        var out = ""

        init(bytes: UnsafeRawBufferPointer, hidesValues: Bool) {
            self.bytes = bytes
            self.hidesValues = hidesValues
            scanner = JSONScanner(bytes)
        }

        mutating func copyValue(hides: Bool) throws(JSONSyntaxError) {
            scanner.skipWhitespace()
            let isObject = scanner.current == UInt8(ascii: "{")
            guard !hides, isObject || scanner.current == UInt8(ascii: "[") else {
                let token = try scanner.scanValue()
                out += hides ? hidden : String(decoding: bytes[token.range], as: UTF8.self)
                return
            }
            let close = isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")
            out += isObject ? "{" : "["
            _ = scanner.take(scanner.current)
            try scanner.enter()
            scanner.skipWhitespace()
            if !scanner.take(close) {
                var separator = ""
                repeat {
                    out += separator
                    separator = ","
                    if isObject { try copyMember() } else { try copyValue(hides: false) }
                    scanner.skipWhitespace()
                } while scanner.take(UInt8(ascii: ","))
                try scanner.expect(close)
            }
            scanner.leave()
            out += isObject ? "}" : "]"
        }

        private mutating func copyMember() throws(JSONSyntaxError) {
            scanner.skipWhitespace()
            let key = try scanner.scanString()
            let name = key.text(in: bytes)
            out += String(decoding: bytes[key.range], as: UTF8.self) + ":"
            try scanner.skipColon()
            let isLocation = locationKeys.contains(name)
            try copyValue(hides: secretKeys.contains(name) || isLocation || hidesValues && name == "value")
        }
    }
}

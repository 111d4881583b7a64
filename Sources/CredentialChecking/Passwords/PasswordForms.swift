/// In which forms a password is tried (`password_forms`; authentication.md, "Passwords", Forms).
///
/// The AuthorizationKey travels as hexadecimal in ChangeConfiguration and as its bytes in HTTP Basic (OCTT TC_085_CS);
/// charge points and databases get it wrong either way.
package enum PasswordForms: String, Sendable, CaseIterable {
    case ocpp
    case exact

    /// An AuthorizationKey in bytes (OCPP 1.6 security whitepaper, 2.3).
    private static let keyBytes = 16...20
    private static let keyDigits = 32...40

    /// Distinct ones in the order of trial, one to four; how many depends on what was sent alone.
    package func forms(of sent: [UInt8]) -> [[UInt8]] {
        guard self == .ocpp else { return [sent] }
        var forms = [sent]
        func add(_ form: [UInt8]) {
            if !forms.contains(form) { forms.append(form) }
        }
        if Self.isKeyInDigits(sent) {
            add(sent.map(Self.capital))
            add(sent.map(Self.smallLetter))
            if let bytes = Hexadecimal.bytes(sent) { add(bytes) }
        } else if Self.keyBytes.contains(sent.count) || !Self.isText(sent) {
            add(Array(Hexadecimal.capitals(sent).utf8))
            add(Array(Hexadecimal.smallLetters(sent).utf8))
        }
        return forms
    }

    /// As a new password is stored: a key in hexadecimal in capitals, everything else as it is.
    package func stored(_ password: [UInt8]) -> [UInt8] {
        self == .ocpp && Self.isKeyInDigits(password) ? password.map(Self.capital) : password
    }

    private static func isKeyInDigits(_ bytes: [UInt8]) -> Bool {
        keyDigits.contains(bytes.count)
            && bytes.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "F"),
                    UInt8(ascii: "a")...UInt8(ascii: "f"):
                    true
                default: false
                }
            }
    }

    private static func isText(_ bytes: [UInt8]) -> Bool {
        String(validating: bytes, as: UTF8.self).map { !$0.hasControlCharacters } ?? false
    }

    private static func capital(_ byte: UInt8) -> UInt8 {
        (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte) ? byte - 32 : byte
    }

    private static func smallLetter(_ byte: UInt8) -> UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "F")).contains(byte) ? byte + 32 : byte
    }
}

import Testing

@testable import CredentialChecking

/// authentication.md, "Passwords", Forms.
struct PasswordFormsTests {
    private static let keyText = "0001020304050607FFFFFFFFFFFFFFFFFFFFFFFF"
    private static let keyBytes: [UInt8] = [0, 1, 2, 3, 4, 5, 6, 7] + [UInt8](repeating: 0xFF, count: 12)

    private func forms(_ text: String) -> [String] {
        PasswordForms.ocpp.forms(of: Array(text.utf8)).map { String(decoding: $0, as: UTF8.self) }
    }

    @Test func `The page's key matches by its bytes and by its capitals`() throws {
        let salt = Array("f3a1c2d4e5b60718293a4b5c6d7e8f90".utf8)
        for sent in [Self.keyBytes, Array(Self.keyText.utf8), Array(Self.keyText.lowercased().utf8)] {
            let forms = PasswordForms.ocpp.forms(of: sent)
            for hash in [
                "bfd0686982617044d6c94f80903723d4df10532317b1bd7f29d8c9aaa26307e5",
                "80441069b631fd837e945a8455b6b7356c4276519e501dec5398e94e17b492b3",
            ] {
                let matching = try forms.filter {
                    try PasswordHash.standard.matches($0, hash: Array(hash.utf8), salt: salt)
                }
                #expect(matching.count == 1)
            }
        }
    }

    @Test func `32 to 40 hexadecimal digits are tried as sent, in capitals, in small letters, as bytes`() {
        let mixed = "0001020304050607FfffFFFFFFFFFFFFFFFFFFFF"
        #expect(
            PasswordForms.ocpp.forms(of: Array(mixed.utf8))
                == [
                    Array(mixed.utf8), Array(Self.keyText.utf8), Array(Self.keyText.lowercased().utf8), Self.keyBytes,
                ])
        #expect(PasswordForms.ocpp.forms(of: Array(Self.keyText.utf8)).count == 3)
        // Digits alone are the same in capitals and in small letters.
        #expect(PasswordForms.ocpp.forms(of: [UInt8](repeating: UInt8(ascii: "1"), count: 32)).count == 2)
        // An odd number stands for no bytes.
        #expect(PasswordForms.ocpp.forms(of: [UInt8](repeating: UInt8(ascii: "a"), count: 33)).count == 2)
    }

    @Test func `16 to 20 bytes are tried as hexadecimal too`() {
        #expect(
            forms("0123456789abcdek")
                == [
                    "0123456789abcdek", "3031323334353637383961626364656B", "3031323334353637383961626364656b",
                ])
        #expect(forms("123456789012345").count == 1)
        #expect(forms("123456789012345678901").count == 1)
    }

    @Test func `What is no text is tried as hexadecimal whatever its length`() {
        #expect(PasswordForms.ocpp.forms(of: [0xFF]) == [[0xFF], Array("FF".utf8), Array("ff".utf8)])
        #expect(PasswordForms.ocpp.forms(of: [0x61, 0]) == [[0x61, 0], Array("6100".utf8)])
        #expect(PasswordForms.ocpp.forms(of: [UInt8](repeating: 0xFE, count: 65_536)).count == 3)
    }

    @Test func `A password that is no key has one form`() {
        #expect(forms("") == [""])
        #expect(forms("secret") == ["secret"])
        #expect(forms(String(repeating: "0", count: 41)).count == 1)
        #expect(forms(String(repeating: "0", count: 31)).count == 1)
    }

    @Test func `Exact is as sent alone`() {
        #expect(PasswordForms.exact.forms(of: Self.keyBytes) == [Self.keyBytes])
        #expect(PasswordForms.exact.stored(Array("ab".utf8)) == Array("ab".utf8))
    }

    @Test func `A key in hexadecimal is stored in capitals`() {
        #expect(PasswordForms.ocpp.stored(Array(Self.keyText.lowercased().utf8)) == Array(Self.keyText.utf8))
        #expect(PasswordForms.ocpp.stored(Array("abcdef".utf8)) == Array("abcdef".utf8))
        #expect(PasswordForms.ocpp.stored(Self.keyBytes) == Self.keyBytes)
    }
}

import CCrypt
import Glibc

/// A stored bcrypt hash: `$2b$10$`, 22 characters of salt and 31 of hash.
package struct BcryptHash: Sendable {
    /// Of stored hashes; above, one handshake would take seconds of a core.
    package static let costs = 4...15
    /// Of new hashes (`salt_rounds`).
    package static let newCosts = 5...15
    private static let byteCount = 60

    /// As it is stored.
    private let bytes: [UInt8]
    package let cost: Int

    /// Nil: it has not the form of one.
    package init?(_ bytes: [UInt8]) {
        guard bytes.count == Self.byteCount, bytes[0] == UInt8(ascii: "$"), bytes[1] == UInt8(ascii: "2"),
            [UInt8(ascii: "a"), UInt8(ascii: "b"), UInt8(ascii: "y")].contains(bytes[2]),
            bytes[3] == UInt8(ascii: "$"), bytes[6] == UInt8(ascii: "$"),
            let cost = Self.number(bytes[4], bytes[5]), Self.costs.contains(cost),
            bytes[7...].allSatisfy(Self.isDigit)
        else { return nil }
        self.bytes = bytes
        self.cost = cost
    }

    private static func number(_ tens: UInt8, _ ones: UInt8) -> Int? {
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        guard digits.contains(tens), digits.contains(ones) else { return nil }
        return Int(tens - UInt8(ascii: "0")) * 10 + Int(ones - UInt8(ascii: "0"))
    }

    /// Of bcrypt's own base64.
    private static func isDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "."), UInt8(ascii: "/"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"):
            true
        default: false
        }
    }

    /// The hash of another password with this one's cost and salt, written as this one is: the same where the passwords
    /// are. Nil where bcrypt cannot take the password.
    func remade(from password: [UInt8]) -> [UInt8]? {
        // libxcrypt alters `$2a$` for a few passwords, to defend systems with an old bug; all others write under `$2a$`
        // what is `$2b$` today.
        var setting = bytes
        setting[2] = UInt8(ascii: "b")
        guard var made = Self.crypt(password, setting: setting) else { return nil }
        made[2] = bytes[2]
        return made
    }

    static func made(from password: [UInt8], cost: Int, random: [UInt8]) -> [UInt8]? {
        var setting = [CChar](repeating: 0, count: Int(CRYPT_GENSALT_OUTPUT_SIZE))
        let salted = random.withUnsafeBytes { random in
            let bytes = random.assumingMemoryBound(to: CChar.self)
            return crypt_gensalt_rn(
                "$2b$", UInt(cost), bytes.baseAddress, Int32(bytes.count), &setting, Int32(setting.count)) != nil
        }
        guard salted else { return nil }
        return crypt(password, setting: setting.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) })
    }

    /// Of no password that anybody knows.
    static func dummy(cost: Int) -> [UInt8] {
        let cost = min(max(cost, costs.lowerBound), costs.upperBound)
        return Array("$2b$\(cost / 10)\(cost % 10)$abcdefghijklmnopqrstuu".utf8)
            + [UInt8](repeating: UInt8(ascii: "."), count: 31)
    }

    /// Nil for a password with NUL, which would end there, and where the library fails.
    private static func crypt(_ password: [UInt8], setting: [UInt8]) -> [UInt8]? {
        guard !password.contains(0) else { return nil }
        // 72 bytes count; the library refuses more than 512.
        let phrase = password.prefix(72).map { CChar(bitPattern: $0) } + [0]
        let setting = setting.map { CChar(bitPattern: $0) } + [0]
        // 32 KB, zeroed as crypt_rn demands; it wipes what it has used.
        let size = MemoryLayout<crypt_data>.size
        let work = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: MemoryLayout<crypt_data>.alignment)
        work.initializeMemory(as: UInt8.self, repeating: 0, count: size)
        defer { work.deallocate() }
        guard let made = crypt_rn(phrase, setting, work, Int32(size)) else { return nil }
        let bytes = Array(UnsafeRawBufferPointer(start: made, count: strlen(made)))
        return bytes.count == byteCount ? bytes : nil
    }
}

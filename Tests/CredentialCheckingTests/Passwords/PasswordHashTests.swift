import Testing

@testable import CredentialChecking

/// authentication.md, "Passwords": the page's vectors and what is refused.
struct PasswordHashTests {
    private static let password = Array("secret-0123456789".utf8)
    private static let salt = Array("f3a1c2d4e5b60718293a4b5c6d7e8f90".utf8)

    struct Vector: Sendable, CustomTestStringConvertible {
        var algorithm: PasswordHash
        var hash: String
        var testDescription: String { "\(algorithm)" }

        init(_ algorithm: PasswordHash, _ hash: String) {
            self.algorithm = algorithm
            self.hash = hash
        }
    }

    private static func pbkdf2(_ function: PBKDF2.Function, _ iterations: Int, _ byteCount: Int? = nil) -> PasswordHash
    {
        PBKDF2(function: function, iterations: iterations, byteCount: byteCount).map { .pbkdf2($0) } ?? .standard
    }

    static let hexadecimal = [
        Vector(.digest(.md5, .disable), "2d59b6ab6841110c746bec1c0806bc5e"),
        Vector(.digest(.md5, .prefix), "e70f58c79e5e7cd16b03887ab990e71e"),
        Vector(.digest(.md5, .suffix), "2f3795cdb9fc09cf5f4bfad97a3ba9ce"),
        Vector(.digest(.sha, .prefix), "5b2ecf5a81e067660711a33a9029129d92b8f9e9"),
        Vector(.digest(.sha256, .disable), "532f346b9904013190775d447024675b8d1efb1998dfa6bdc3455f2d4f211f8d"),
        Vector(.digest(.sha256, .prefix), "244254b6b6eac2d7e2f8463ebcb25017e33cd4c0f9eea2a0384370906bb3ccd6"),
        Vector(.digest(.sha256, .suffix), "fe8f1b6be90f6d48eb21c1a254b90a3c6619182c7b89cd692363550190634786"),
        Vector(
            .digest(.sha512, .suffix),
            "4106e2aacb14eba22f5247e2668b6c4f4ea90c86af4e01441e8a5ea81cb86720"
                + "15556756331c50c27aaf36e33c821de7ff297aca2073f70ef7b3cf2ef2b83705"),
        Vector(pbkdf2(.sha, 1000), "e1c90555ec71fa135ae1223beb09538ae945448d"),
        Vector(pbkdf2(.sha224, 1000), "50d5e8c3d0b40e8f5a1e431458e22984bb3bca3e921fd03ccb891b76"),
        Vector(pbkdf2(.sha256, 1000), "9401e4739024e1c663097656cb2ff69ac0dc793f6e57be40ff12dace02aa0208"),
        Vector(pbkdf2(.sha256, 4096, 20), "e488a00547df65a72d41f5241ca6ee4d91549070"),
    ]
    static let bcrypt = [
        Vector(.bcrypt(saltRounds: 10), "$2a$10$abcdefghijklmnopqrstuuehh09s4HREq6BKHAt/kJmm3rzXSUI4G"),
        Vector(.bcrypt(saltRounds: 10), "$2y$10$abcdefghijklmnopqrstuuehh09s4HREq6BKHAt/kJmm3rzXSUI4G"),
        Vector(.bcrypt(saltRounds: 10), "$2b$05$abcdefghijklmnopqrstuupyWtYudXiKLu/YwWqTM.s0Uenvk/GJC"),
    ]

    private func matches(
        _ algorithm: PasswordHash, _ hash: String, _ password: [UInt8] = password, salt: [UInt8] = salt
    ) throws -> Bool {
        try algorithm.matches(password, hash: Array(hash.utf8), salt: salt)
    }

    @Test(arguments: hexadecimal + bcrypt)
    func `The page's vectors match, and no other password does`(vector: Vector) throws {
        #expect(vector.algorithm.hasForm(Array(vector.hash.utf8)))
        #expect(try matches(vector.algorithm, vector.hash))
        for other in [[], Array("secret-012345678".utf8), Self.password + [0], Array("Secret-0123456789".utf8)] {
            // HMAC fills a key up with zeros, so that PBKDF2 cannot tell a zero more or less.
            if case .pbkdf2 = vector.algorithm, other.last == 0 { continue }
            #expect(try !matches(vector.algorithm, vector.hash, other))
        }
    }

    @Test(arguments: hexadecimal)
    func `Hexadecimal may be in capitals`(vector: Vector) throws {
        #expect(try matches(vector.algorithm, vector.hash.uppercased()))
    }

    @Test func `A salt counts by position, and is never decoded`() throws {
        #expect(try !matches(.digest(.sha256, .prefix), Self.hexadecimal[5].hash, salt: []))
        #expect(try matches(.digest(.sha256, .disable), Self.hexadecimal[4].hash, salt: [1, 2, 3]))
        let odd: [UInt8] = [0, 0xFF, 0x27]
        let digest = DigestAlgorithm.sha256.digest(of: odd + Self.password)
        #expect(try matches(.digest(.sha256, .prefix), Hexadecimal.smallLetters(digest), salt: odd))
    }

    @Test func `Plain is compared byte for byte, joined with its salt`() throws {
        #expect(try matches(.plain(.prefix), "f3a1c2d4e5b60718293a4b5c6d7e8f90secret-0123456789"))
        #expect(try matches(.plain(.suffix), "secret-0123456789f3a1c2d4e5b60718293a4b5c6d7e8f90"))
        #expect(try matches(.plain(.disable), "secret-0123456789"))
        #expect(try !matches(.plain(.disable), "SECRET-0123456789"))
        #expect(try !matches(.plain(.disable), "K", Array("\u{212A}".utf8)))
    }

    @Test func `Of a bcrypt password 72 bytes count`() throws {
        let hash = "$2b$05$abcdefghijklmnopqrstuuGUnCqbfgs3htOkLrFduUjAyLBw1Rq/u"
        for length in [72, 73, 80, 600, 65_536] {
            #expect(try matches(.bcrypt(saltRounds: 10), hash, [UInt8](repeating: UInt8(ascii: "a"), count: length)))
        }
        #expect(try !matches(.bcrypt(saltRounds: 10), hash, [UInt8](repeating: UInt8(ascii: "a"), count: 71)))
    }

    @Test func `bcrypt takes no password with NUL`() throws {
        let algorithm = PasswordHash.bcrypt(saltRounds: 5)
        let (hash, salt) = try #require(algorithm.made(from: [0x61]))
        #expect(try algorithm.matches([0x61], hash: hash, salt: salt))
        #expect(try !algorithm.matches([0x61, 0, 0x62], hash: hash, salt: salt))
        #expect(algorithm.made(from: [0x61, 0]) == nil)
    }

    @Test func `A key of bytes above 127 has one bcrypt hash under all three names`() throws {
        // libxcrypt alone would hash this one differently under $2a$.
        let key = [UInt8](repeating: 0xFF, count: 16)
        let (hash, _) = try #require(PasswordHash.bcrypt(saltRounds: 5).made(from: key))
        for letter in "aby".utf8 {
            var renamed = hash
            renamed[2] = letter
            #expect(try PasswordHash.bcrypt(saltRounds: 5).matches(key, hash: renamed, salt: []))
        }
    }

    @Test(arguments: [
        "", "2d59", "zz" + String(repeating: "0", count: 62), String(repeating: "0", count: 63),
        String(repeating: "0", count: 66), "{SHA256}" + String(repeating: "0", count: 56),
    ])
    func `A stored digest that is none is an error`(hash: String) {
        #expect(throws: MalformedHash.self) { try matches(.digest(.sha256, .prefix), hash) }
        #expect(throws: MalformedHash.self) { try matches(Self.pbkdf2(.sha256, 1), hash) }
    }

    @Test(arguments: [
        "$2x$05$abcdefghijklmnopqrstuupyWtYudXiKLu/YwWqTM.s0Uenvk/GJC",
        "$2b$16$abcdefghijklmnopqrstuupyWtYudXiKLu/YwWqTM.s0Uenvk/GJC",
        "$2b$03$abcdefghijklmnopqrstuupyWtYudXiKLu/YwWqTM.s0Uenvk/GJC",
        "$2b$5$abcdefghijklmnopqrstuupyWtYudXiKLu/YwWqTM.s0Uenvk/GJCa",
        "$2b$05$abcdefghijklmnopqrstuupyWtYudXiKLu/YwWqTM.s0Uenvk/GJ",
        "$2b$05$abcdefghijklmnopqrstuupyWtYudXiKLu/YwWqTM.s0Uenvk/GJ:",
        "$6$rounds=5000$abcdefghijklmnop$aaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "",
    ])
    func `A stored bcrypt hash that is none, or costs too much, is an error`(hash: String) {
        #expect(throws: MalformedHash.self) { try matches(.bcrypt(saltRounds: 10), hash) }
    }

    @Test func `An error says what was expected and not what is there`() {
        let hash = "do-not-show-me"
        for algorithm in [PasswordHash.standard, .bcrypt(saltRounds: 10), Self.pbkdf2(.sha512, 1)] {
            #expect { try matches(algorithm, hash) } throws: { !"\($0)".contains(hash) }
        }
    }

    @Test(arguments: [
        PasswordHash.plain(.prefix), .digest(.md5, .suffix), .digest(.sha256, .prefix), .digest(.sha512, .disable),
        pbkdf2(.sha384, 10, 16), .bcrypt(saltRounds: 5),
    ])
    func `A new hash matches its password, and has a new salt`(algorithm: PasswordHash) throws {
        let first = try #require(algorithm.made(from: Self.password))
        #expect(algorithm.hasForm(first.hash))
        #expect(try algorithm.matches(Self.password, hash: first.hash, salt: first.salt))
        #expect(try !algorithm.matches(Array("other".utf8), hash: first.hash, salt: first.salt))
        switch algorithm {
        case .plain, .digest(_, .disable): #expect(first.salt == [])
        case .bcrypt: #expect(first.salt == [] && algorithm.made(from: Self.password)?.hash != first.hash)
        default:
            let bytes = try #require(Hexadecimal.bytes(first.salt))
            #expect(bytes.count == 16 && Array(Hexadecimal.smallLetters(bytes).utf8) == first.salt)
            #expect(algorithm.made(from: Self.password)?.salt != first.salt)
        }
    }

    @Test func `An empty password and an empty salt are passwords and salts like others`() throws {
        for algorithm in [PasswordHash.digest(.sha, .prefix), Self.pbkdf2(.sha256, 2), .bcrypt(saltRounds: 5)] {
            let (hash, salt) = try #require(algorithm.made(from: []))
            #expect(try algorithm.matches([], hash: hash, salt: salt))
            #expect(try !algorithm.matches([1], hash: hash, salt: salt))
        }
        // From Python's hashlib.
        #expect(
            try Self.pbkdf2(.sha256, 1).matches(
                [], hash: Array("f7ce0b653d2d72a4108cf5abe912ffdd777616dbbb27a70e8204f3ae2d0f6fad".utf8), salt: []))
    }

    @Test func `What is out of range is no PBKDF2`() {
        for (iterations, count) in [(0, 20), (-1, 20), (10_000_001, 20), (1, 0), (1, 1025)] {
            #expect(PBKDF2(function: .sha, iterations: iterations, byteCount: count) == nil)
        }
    }

    @Test func `A dummy has its algorithm's form and matches nothing`() throws {
        for algorithm in [PasswordHash.digest(.md5, .prefix), Self.pbkdf2(.sha256, 1, 20), .bcrypt(saltRounds: 10)] {
            let dummy = algorithm.dummy(bcryptCost: 4)
            #expect(try !algorithm.matches(Self.password, hash: dummy.hash, salt: dummy.salt))
        }
        #expect(BcryptHash(PasswordHash.bcrypt(saltRounds: 10).dummy(bcryptCost: 12).hash)?.cost == 12)
    }

    @Test func `Digests of the process's key tell lists of parts apart`() {
        let key = ProcessKey()
        #expect(key.digest(of: [[1], [2]]) == key.digest(of: [[1], [2]]))
        #expect(key.digest(of: [[1], [2]]) != key.digest(of: [[1, 2]]))
        #expect(key.digest(of: [[1], [2]]) != key.digest(of: [[1, 2], []]))
        #expect(key.digest(of: [[1]]) != ProcessKey().digest(of: [[1]]))
    }
}

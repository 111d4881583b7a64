/// How passwords are stored (`password_hash_algorithm`; authentication.md, "Passwords").
package enum PasswordHash: Sendable, Equatable {
    /// The salt and the password themselves.
    case plain(SaltPosition)
    /// One digest, as hexadecimal.
    case digest(DigestAlgorithm, SaltPosition)
    case pbkdf2(PBKDF2)
    /// - Parameter saltRounds: The cost of new hashes, 5 to 15; a stored one names its own.
    case bcrypt(saltRounds: Int)

    package enum SaltPosition: String, Sendable, CaseIterable {
        /// H(salt + password).
        case prefix
        /// H(password + salt).
        case suffix
        /// H(password).
        case disable

        func join(_ salt: [UInt8], _ password: [UInt8]) -> [UInt8] {
            switch self {
            case .prefix: salt + password
            case .suffix: password + salt
            case .disable: password
            }
        }
    }

    package static let standard = PasswordHash.digest(.sha256, .prefix)

    /// Whether it is made to take its time, so that a match is worth remembering.
    package var isSlow: Bool {
        switch self {
        case .plain, .digest: false
        case .pbkdf2, .bcrypt: true
        }
    }

    /// EMQX's name of it.
    package var name: String {
        switch self {
        case .plain: "plain"
        case .digest(let algorithm, _): algorithm.rawValue
        case .pbkdf2: "pbkdf2"
        case .bcrypt: "bcrypt"
        }
    }

    /// Whether these bytes are the password behind a stored hash. Slow by design for some: not on an event loop.
    ///
    /// - Throws: The stored hash has not the algorithm's form: the data is wrong, and no password can match.
    package func matches(
        _ password: [UInt8], hash: [UInt8], salt: [UInt8], key: ProcessKey = .shared
    ) throws(MalformedHash) -> Bool {
        switch self {
        case .plain(let position):
            return key.areEqual(hash, position.join(salt, password))
        case .digest(let algorithm, let position):
            guard let expected = Hexadecimal.bytes(hash), expected.count == algorithm.byteCount else {
                throw MalformedHash(expected: "\(algorithm.byteCount * 2) hexadecimal digits of \(name)")
            }
            return key.areEqual(expected, algorithm.digest(of: position.join(salt, password)))
        case .pbkdf2(let parameters):
            guard let expected = Hexadecimal.bytes(hash), expected.count == parameters.byteCount else {
                throw MalformedHash(expected: "\(parameters.byteCount * 2) hexadecimal digits of pbkdf2")
            }
            guard let derived = parameters.derive(from: password, salt: salt) else { return false }
            return key.areEqual(expected, derived)
        case .bcrypt:
            guard let stored = BcryptHash(hash) else {
                throw MalformedHash(expected: "a bcrypt hash, $2a$, $2b$ or $2y$, cost \(BcryptHash.costs)")
            }
            guard let made = stored.remade(from: password) else { return false }
            return key.areEqual(hash, made)
        }
    }

    /// A new hash with a new salt: 16 random bytes as 32 small hexadecimal digits. Nil where this algorithm cannot take
    /// the password (bcrypt: NUL).
    package func made(from password: [UInt8]) -> (hash: [UInt8], salt: [UInt8])? {
        var generator = SystemRandomNumberGenerator()
        let random = (0..<16).map { _ in UInt8.random(in: 0...255, using: &generator) }
        let salt = Array(Hexadecimal.smallLetters(random).utf8)
        switch self {
        case .plain: return (password, [])
        case .digest(let algorithm, let position):
            let used = position == .disable ? [] : salt
            let digest = algorithm.digest(of: position.join(used, password))
            return (Array(Hexadecimal.smallLetters(digest).utf8), used)
        case .pbkdf2(let parameters):
            return parameters.derive(from: password, salt: salt).map {
                (Array(Hexadecimal.smallLetters($0).utf8), salt)
            }
        case .bcrypt(let rounds):
            return BcryptHash.made(from: password, cost: rounds, random: random).map { ($0, []) }
        }
    }

    /// Whether it could be one of this algorithm's stored hashes.
    package func hasForm(_ hash: [UInt8]) -> Bool {
        switch self {
        case .plain: !hash.isEmpty
        case .digest(let algorithm, _): Hexadecimal.bytes(hash)?.count == algorithm.byteCount
        case .pbkdf2(let parameters): Hexadecimal.bytes(hash)?.count == parameters.byteCount
        case .bcrypt: BcryptHash(hash) != nil
        }
    }

    /// What an unknown user's password is compared with, so that it costs as much as a known one's.
    ///
    /// - Parameter bcryptCost: Of the hash that was seen last.
    func dummy(bcryptCost: Int) -> (hash: [UInt8], salt: [UInt8]) {
        func zeros(_ count: Int) -> [UInt8] { [UInt8](repeating: UInt8(ascii: "0"), count: count) }
        return switch self {
        case .plain: ([0], zeros(32))
        case .digest(let algorithm, _): (zeros(algorithm.byteCount * 2), zeros(32))
        case .pbkdf2(let parameters): (zeros(parameters.byteCount * 2), zeros(32))
        case .bcrypt: (BcryptHash.dummy(cost: bcryptCost), [])
        }
    }
}

/// What is stored is no hash of the configured algorithm. Says what was expected, never what is there.
package struct MalformedHash: Error, Sendable, Equatable, CustomStringConvertible {
    package var expected: String

    package var description: String { "the stored hash is not of its algorithm's form; expected \(expected)" }
}

import JWTKit

/// One key for one algorithm. jwt-kit's own choice of a key goes by what a token's header says, before anything is
/// checked; here a key has its algorithm from the start, and a header only chooses among them.
struct VerificationKey: Sendable {
    /// `kid` of the key set; nil: it has none there, and is tried for every token of its algorithm.
    var id: String?
    /// `RS256`.
    var algorithm: String
    private let accepts: @Sendable (_ signature: [UInt8], _ signed: [UInt8]) -> Bool

    init(
        id: String? = nil, algorithm: String, accepts: @escaping @Sendable (_: [UInt8], _: [UInt8]) -> Bool
    ) {
        self.id = id
        self.algorithm = algorithm
        self.accepts = accepts
    }

    fileprivate init(id: String? = nil, algorithm: String, _ signer: any JWTAlgorithm) {
        self.init(id: id, algorithm: algorithm) { signature, signed in
            (try? signer.verify(signature, signs: signed)) ?? false
        }
    }

    func verifies(signature: [UInt8], of signed: [UInt8]) -> Bool { accepts(signature, signed) }

    /// For each algorithm that a public key fits.
    static func keys(_ key: PublicKey) async -> [VerificationKey] {
        switch key {
        case .rsa(let key): await rsaKeys(key)
        case .p256(let key): await one("ES256") { await $0.add(ecdsa: key, kid: $1) }
        case .p384(let key): await one("ES384") { await $0.add(ecdsa: key, kid: $1) }
        case .p521(let key): await one("ES512") { await $0.add(ecdsa: key, kid: $1) }
        case .ed25519(let key): await one("EdDSA") { await $0.add(eddsa: key, kid: $1) }
        }
    }

    private static func rsaKeys(_ key: Insecure.RSA.PublicKey) async -> [VerificationKey] {
        var keys: [VerificationKey] = []
        for (digest, bits) in [(DigestAlgorithm.sha256, 256), (.sha384, 384), (.sha512, 512)] {
            keys += await one("RS\(bits)") { await $0.add(rsa: key, digestAlgorithm: digest, kid: $1) }
            keys += await one("PS\(bits)") { await $0.add(pss: key, digestAlgorithm: digest, kid: $1) }
        }
        return keys
    }

    /// The algorithms that a key of a set may be used for: the one that it names, or all that fit its kind.
    static func keys(jwk: JWK) async -> [VerificationKey] {
        var keys: [VerificationKey] = []
        for algorithm in algorithms(of: jwk) {
            let collection = JWTKeyCollection()
            var single = jwk
            let id = JWKIdentifier(string: "0")
            single.keyIdentifier = id
            single.algorithm = algorithm
            // Private parts have no business in a public set, and would make another kind of signer.
            single.privateExponent = nil
            single.prime1 = nil
            single.prime2 = nil
            guard (try? await collection.add(jwk: single)) != nil,
                let signer = try? await collection.getKey(for: id, alg: algorithm.rawValue)
            else { continue }
            keys.append(VerificationKey(id: jwk.keyIdentifier?.string, algorithm: algorithm.rawValue, signer))
        }
        return keys
    }

    private static func algorithms(of jwk: JWK) -> [JWK.Algorithm] {
        let fitting: [JWK.Algorithm] =
            switch (jwk.keyType, jwk.curve?.rawValue) {
            case (.rsa, _): [.rs256, .rs384, .rs512, .ps256, .ps384, .ps512]
            case (.ecdsa, "P-256"): [.es256]
            case (.ecdsa, "P-384"): [.es384]
            case (.ecdsa, "P-521"): [.es512]
            case (.octetKeyPair, "Ed25519"): [.eddsa]
            default: []
            }
        guard let named = jwk.algorithm else { return fitting }
        return fitting.filter { $0 == named }
    }

    /// jwt-kit gives its signers out by way of a collection only.
    private static func one(
        _ algorithm: String, _ add: (JWTKeyCollection, JWKIdentifier) async -> JWTKeyCollection
    ) async -> [VerificationKey] {
        let id = JWKIdentifier(string: "0")
        let collection = await add(JWTKeyCollection(), id)
        guard let signer = try? await collection.getKey(for: id) else { return [] }
        return [VerificationKey(algorithm: algorithm, signer)]
    }
}

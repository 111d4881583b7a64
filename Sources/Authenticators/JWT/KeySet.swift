import CredentialChecking
import FoundationEssentials
import JWTKit

/// The keys that tokens are checked by, and how one is found for a token.
struct KeySet: Sendable {
    /// More keys than these are left out.
    static let mostKeys = 256

    var keys: [VerificationKey]

    enum Candidates {
        /// To be tried in turn.
        case keys([VerificationKey])
        /// The token names a key that is not here.
        case unknownID
        /// There is no key for the token's algorithm.
        case unknownAlgorithm
    }

    /// - Parameters:
    ///   - id: the token's `kid`.
    ///   - algorithm: the token's `alg`.
    func candidates(id: String?, algorithm: String) -> Candidates {
        let fitting = keys.filter { $0.algorithm.utf8.elementsEqual(algorithm.utf8) }
        guard let id else { return fitting.isEmpty ? .unknownAlgorithm : .keys(fitting) }
        let named = fitting.filter { $0.id?.utf8.elementsEqual(id.utf8) ?? true }
        if !named.isEmpty { return .keys(named) }
        let isKnown = keys.contains { $0.id?.utf8.elementsEqual(id.utf8) ?? false }
        return isKnown ? .unknownAlgorithm : .unknownID
    }

    /// Reads a JSON Web Key Set (RFC 7517, 5). Keys of a kind that we do not know, and those for encryption, are left out
    /// one by one: one odd key must not lock everybody out.
    static func read(_ json: [UInt8]) async throws(BackendFailure) -> KeySet {
        let raw: RawSet
        do {
            raw = try JSONDecoder().decode(RawSet.self, from: Data(json))
        } catch {
            throw BackendFailure(.nonsense, reason: "the answer of the JWKS endpoint is no key set")
        }
        var keys: [VerificationKey] = []
        for entry in raw.keys.prefix(mostKeys) where entry.isForSignatures {
            guard let jwk = entry.jwk else { continue }
            keys += await VerificationKey.keys(jwk: jwk)
        }
        guard !keys.isEmpty else {
            throw BackendFailure(.nonsense, reason: "the JWKS endpoint has no key that can be used")
        }
        return KeySet(keys: keys)
    }

    private struct RawSet: Decodable {
        var keys: [Entry]
    }

    private struct Entry: Decodable {
        var jwk: JWK?
        var isForSignatures: Bool

        private enum Key: String, CodingKey { case use }

        init(from decoder: any Decoder) throws {
            jwk = try? JWK(from: decoder)
            let use = try? decoder.container(keyedBy: Key.self).decodeIfPresent(String.self, forKey: .use)
            isForSignatures = use.map { $0 == "sig" } ?? true
        }
    }
}

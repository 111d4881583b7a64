import Authentication
import CredentialChecking
import Logging

/// Lets in who shows a good token (authentication.md, "JWT").
package struct JWTAuthenticator: VerdictSource {
    private let source: JWTAuthenticatorSettings.Source
    private let keys: Keys
    private let rules: TokenRules
    private let required: [(name: String, value: CredentialTemplate)]
    private let now: @Sendable () -> Double

    private enum Keys: Sendable {
        case fixed(KeySet)
        case endpoint(KeySetEndpoint)
    }

    /// What is wrong with one setting, its key below `authentication.`.
    package struct Problem: Error, Equatable {
        package var key: String
        package var words: String
    }

    /// - Parameter now: seconds since 1970.
    /// - Throws: `Problem`, or what is wrong with a file that the settings name.
    package init(
        _ settings: JWTAuthenticatorSettings, now: @escaping @Sendable () -> Double, logger: Logger
    ) async throws {
        source = settings.from
        rules = TokenRules(
            leeway: settings.leeway.inSeconds, requiresExpiry: settings.requiresExpiry,
            disconnectsAfterExpiry: settings.disconnectsAfterExpiry)
        required = try settings.verifyClaims.map { claim in
            do {
                return (claim.name, try CredentialTemplate(claim.value))
            } catch {
                throw Problem(key: "verify_claims", words: "\(claim.name): \(error)")
            }
        }
        self.now = now
        switch settings.keys {
        case .secret(let secret):
            guard !secret.isEmpty else { throw Problem(key: "secret", words: "expected a key: it is empty") }
            keys = .fixed(KeySet(keys: VerificationKey.keys(secret: secret)))
        case .publicKey(let pem):
            guard let key = PublicKey(pem: pem) else {
                throw Problem(key: "public_key", words: PublicKey.expectation)
            }
            keys = .fixed(KeySet(keys: await VerificationKey.keys(key)))
        case .endpoint:
            keys = .endpoint(try KeySetEndpoint(settings, logger: logger))
        }
    }

    /// Fetches the key set until it is cancelled, where there is an endpoint.
    package func run() async {
        guard case .endpoint(let endpoint) = keys else { return }
        await endpoint.run()
    }

    package func verdict(for credentials: Credentials) async throws(BackendFailure) -> BackendVerdict {
        guard let text = token(of: credentials), !text.isEmpty else { return .deny(reason: "no token") }
        let token: JSONWebToken
        do {
            token = try JSONWebToken(text)
        } catch {
            return .deny(reason: error.words)
        }
        let candidates: [VerificationKey]
        switch try await keysFitting(token) {
        case .keys(let found): candidates = found
        case .unknownID: return .deny(reason: "the token's kid is not in the key set")
        case .unknownAlgorithm: return .deny(reason: "the token's alg does not fit a key")
        }
        guard candidates.contains(where: { $0.verifies(signature: token.signature, of: token.signed) }) else {
            return .deny(reason: "the token's signature is wrong")
        }
        let required = required.map { (name: $0.name, value: Array($0.value.text(for: credentials).utf8)) }
        switch rules.judge(token.claims, required: required, now: now()) {
        case .bad(let reason): return .deny(reason: reason)
        case .good(let expiry, let profile):
            // A user name that is a token is nobody's name.
            let userName = source == .username ? nil : credentials.userName
            return .accept(userName: userName, expiry: expiry, securityProfile: profile)
        }
    }

    private func token(of credentials: Credentials) -> [UInt8]? {
        if let bearer = credentials.bearerToken { return bearer }
        return switch source {
        case .password: credentials.password
        case .username: credentials.userName.map { Array($0.text.utf8) }
        }
    }

    private func keysFitting(_ token: JSONWebToken) async throws(BackendFailure) -> KeySet.Candidates {
        switch keys {
        case .fixed(let keys):
            // The one key that there is needs no name.
            return keys.candidates(id: nil, algorithm: token.algorithm)
        case .endpoint(let endpoint):
            return try await endpoint.candidates(id: token.keyID, algorithm: token.algorithm)
        }
    }

    package func shutDown() async {
        if case .endpoint(let endpoint) = keys { await endpoint.shutDown() }
    }
}

extension Duration {
    var inSeconds: Double {
        Double(components.seconds) + Double(components.attoseconds) / 1e18
    }
}

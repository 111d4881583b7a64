import BackendHTTPClient
import CredentialChecking
import FoundationEssentials
import Settings

extension JWTAuthenticatorSettings {
    /// The section of `backend: jwt`; what all backends have in common is set by whoever reads it.
    ///
    /// - Parameter readFile: of a `public_key` that is a path.
    package init(_ read: inout SettingsReader, readFile: SettingsReader.FileReader) {
        self.init(keys: .secret([]))
        from = read("authentication.from", .choice(Source.self), default: from, help: "jwt: where the token is")
        let algorithm = read.optional(
            "authentication.algorithm",
            .choice(["hmac-based": "hmac-based", "public-key": "public-key"]), help: "jwt: checked against the key")
        let usesJWKS = read.optional("authentication.use_jwks", .boolean, help: "jwt: checked against the key")
        let secret = read.secret("authentication.secret", help: "jwt: the key of HS256, HS384, HS512")
        let isBase64 = read(
            "authentication.secret_base64_encoded", .boolean, default: false, help: "jwt: the secret is base64")
        let publicKey = read.optional("authentication.public_key", .text, help: "jwt: a public key in PEM, or its path")
        let endpoint = read.optional(
            "authentication.endpoint", .text.hiding(BackendURL.shown), help: "jwt: URL of a JSON Web Key Set")
        let refresh = read(
            "authentication.refresh_interval", .duration(.seconds(10)...(.seconds(86_400))), default: .seconds(300),
            help: "jwt: how often the key set is fetched")
        let headers = read(
            "authentication.headers", .secretTextMap, default: [],
            help: "http, jwt: headers of a request, with placeholders")
        verifyClaims = read(
            "authentication.verify_claims", .textMap, default: [],
            help: "jwt: claims that must be there, with placeholders"
        ).map { (name: $0.name, value: $0.value.plainText ?? "") }
        disconnectsAfterExpiry = read(
            "authentication.disconnect_after_expire", .boolean, default: true, help: "jwt: sessions end at exp")
        leeway = read(
            "authentication.leeway", .duration(.zero...(.seconds(3600))), default: leeway,
            help: "jwt: by how much clocks may differ")
        requiresExpiry = read("authentication.require_exp", .boolean, default: false, help: "jwt: exp must be there")
        requestTimeout = read(
            "authentication.request_timeout", .duration(.milliseconds(1)...(.seconds(3600))), default: requestTimeout,
            help: "http, jwt: for an answer")
        for key in ["acl_claim_name", "enable_pipelining", "pool_type"] {
            read.ignored("authentication.\(key)", because: "the gateway needs no such setting")
        }
        guard !read.layers.isEmpty else { return }
        check(&read, algorithm: algorithm, usesJWKS: usesJWKS)
        let isSet = [secret != nil, publicKey != nil, endpoint != nil]
        guard isSet.filter(\.self).count == 1 else {
            read.problem("authentication.secret", "expected one of secret, public_key and endpoint")
            return
        }
        if let secret {
            keys = .secret(Self.bytes(of: secret, isBase64: isBase64, &read))
        } else if let publicKey {
            keys = .publicKey(pem: Self.pem(publicKey, &read, readFile))
        } else if let endpoint {
            if BackendURL(endpoint) == nil {
                read.problem("authentication.endpoint", "expected http:// or https://, a host, and a path")
            }
            keys = .endpoint(
                url: endpoint, headers: headers.map { (name: $0.name, value: $0.value.plainText ?? "") },
                refreshInterval: refresh)
        }
        checkKind(&read, algorithm: algorithm, usesJWKS: usesJWKS)
    }

    private func check(_ read: inout SettingsReader, algorithm: String?, usesJWKS: Bool?) {
        var isTied = false
        for claim in verifyClaims {
            do {
                isTied = try CredentialTemplate(claim.value).namesIdentity || isTied
            } catch {
                read.problem("authentication.verify_claims", "\(claim.name.shownInOneLine): \(error)")
            }
        }
        if !isTied {
            read.warn(
                "authentication.verify_claims",
                "no claim is tied to the identity, so any good token opens any charge point; for example {\"sub\":\"${clientid}\"}"
            )
        }
    }

    /// EMQX names the kind of key besides; what contradicts the key itself is a mistake.
    private func checkKind(_ read: inout SettingsReader, algorithm: String?, usesJWKS: Bool?) {
        let (kind, isEndpoint) =
            switch keys {
            case .secret: ("hmac-based", false)
            case .publicKey: ("public-key", false)
            case .endpoint: ("public-key", true)
            }
        if let algorithm, algorithm != kind {
            read.problem("authentication.algorithm", "expected \(kind) with this key")
        }
        if let usesJWKS, usesJWKS != isEndpoint {
            read.problem("authentication.use_jwks", "expected \(isEndpoint) with this key")
        }
    }

    private static func bytes(of secret: Secret, isBase64: Bool, _ read: inout SettingsReader) -> [UInt8] {
        guard isBase64 else { return Array(secret.text.utf8) }
        guard let data = Data(base64Encoded: secret.text), !data.isEmpty else {
            read.problem("authentication.secret", "expected base64")
            return []
        }
        return Array(data)
    }

    private static func pem(
        _ text: String, _ read: inout SettingsReader, _ readFile: SettingsReader.FileReader
    ) -> String {
        guard !text.utf8.starts(with: "-----BEGIN".utf8) else { return checked(text, &read) }
        do throws(SettingFlaw) {
            let path =
                text.utf8.starts(with: "file://".utf8) ? String(decoding: text.utf8.dropFirst(7), as: UTF8.self) : text
            return checked(String(decoding: try readFile(path, Secret.mostBytes), as: UTF8.self), &read)
        } catch {
            read.problem("authentication.public_key", "expected a key in PEM, or the path of one: \(error.expectation)")
            return ""
        }
    }

    private static func checked(_ pem: String, _ read: inout SettingsReader) -> String {
        if PublicKey(pem: pem) == nil { read.problem("authentication.public_key", PublicKey.expectation) }
        return pem
    }
}

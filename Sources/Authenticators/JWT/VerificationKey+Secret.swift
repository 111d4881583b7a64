import Crypto

extension VerificationKey {
    /// Keys that share a secret with whoever makes the tokens: HS256, HS384, HS512.
    static func keys(secret: [UInt8]) -> [VerificationKey] {
        let key = SymmetricKey(data: secret)
        return [
            VerificationKey(algorithm: "HS256") {
                HMAC<SHA256>.isValidAuthenticationCode($0, authenticating: $1, using: key)
            },
            VerificationKey(algorithm: "HS384") {
                HMAC<SHA384>.isValidAuthenticationCode($0, authenticating: $1, using: key)
            },
            VerificationKey(algorithm: "HS512") {
                HMAC<SHA512>.isValidAuthenticationCode($0, authenticating: $1, using: key)
            },
        ]
    }
}

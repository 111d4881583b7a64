import JWTKit

/// A public key, or that of a certificate, from PEM.
enum PublicKey: Sendable {
    case rsa(Insecure.RSA.PublicKey)
    case p256(ES256PublicKey)
    case p384(ES384PublicKey)
    case p521(ES512PublicKey)
    case ed25519(EdDSA.PublicKey)

    /// What is said of a text that is none.
    static let expectation =
        "expected a PEM with a public key: RSA of 2048 bits or more, P-256, P-384, P-521, or Ed25519"

    /// Nil: neither RSA (2048 bits or more), P-256, P-384, P-521, nor Ed25519.
    init?(pem: String) {
        if let key = (try? Insecure.RSA.PublicKey(pem: pem)) ?? (try? Insecure.RSA.PublicKey(certificatePEM: pem)) {
            self = .rsa(key)
        } else if let key = (try? ES256PublicKey(pem: pem)) ?? (try? ES256PublicKey(certificate: pem)) {
            self = .p256(key)
        } else if let key = (try? ES384PublicKey(pem: pem)) ?? (try? ES384PublicKey(certificate: pem)) {
            self = .p384(key)
        } else if let key = (try? ES512PublicKey(pem: pem)) ?? (try? ES512PublicKey(certificate: pem)) {
            self = .p521(key)
        } else if let key = try? EdDSA.PublicKey(pem: pem) {
            self = .ed25519(key)
        } else {
            return nil
        }
    }
}

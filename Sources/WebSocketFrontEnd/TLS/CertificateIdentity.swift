/// `ssl_options.identity_from_cert`: which name of the client certificate must be the identity (security profile 3).
package enum CertificateIdentity: Sendable, Equatable {
    case none
    case commonName
    case alternativeName
}

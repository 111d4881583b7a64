internal import CNIOBoringSSL

/// What the TLS sessions of a listener have in common: certificate, key, versions, suites.
///
/// Certificates come as DER: who reads files is somebody else.
package final class TLSServerContext: Sendable {
    /// Whether clients are asked for a certificate, and what becomes of those that show none.
    package enum ClientCertificates: Sendable {
        case notAsked, optional, required
    }

    /// In the order of their numbers on the wire.
    package enum Version: Sendable {
        case v10, v11, v12, v13

        fileprivate var number: UInt16 {
            let number =
                switch self {
                case .v10: TLS1_VERSION
                case .v11: TLS1_1_VERSION
                case .v12: TLS1_2_VERSION
                case .v13: TLS1_3_VERSION
                }
            return UInt16(number)
        }
    }

    /// An `SSL_CTX`, which the library may use on several threads at once.
    nonisolated(unsafe) let pointer: OpaquePointer

    /// - Parameters:
    ///   - chain: The server's certificate, then those up to its authority.
    ///   - key: That of the first certificate.
    ///   - ciphers: Suites of TLS 1.2 and older, in OpenSSL's words; TLS 1.3 has all of its own.
    ///   - authorities: Whose names a client is told that is asked for its certificate. Nothing here trusts them: the
    ///     verdict is that of the session's owner (`TLSServerSession.verdict`).
    package init(
        chain: [[UInt8]], key: TLSPrivateKey, versions: (lowest: Version, highest: Version), ciphers: String,
        clientCertificates: ClientCertificates, authorities: [[UInt8]]
    ) throws(TLSFault) {
        ERR_clear_error()
        guard let pointer = SSL_CTX_new(TLS_method()) else { throw .taken() }
        self.pointer = pointer
        // From here on `deinit` frees it, thrown or not.
        try Self.check(SSL_CTX_set_min_proto_version(pointer, versions.lowest.number))
        try Self.check(SSL_CTX_set_max_proto_version(pointer, versions.highest.number))
        try Self.check(SSL_CTX_set_cipher_list(pointer, ciphers))
        // Those of swift-nio-ssl: the first is safe from a quantum computer of later days.
        let groups = [SSL_GROUP_X25519_MLKEM768, SSL_GROUP_X25519, SSL_GROUP_SECP256R1, SSL_GROUP_SECP384R1]
        try Self.check(SSL_CTX_set1_group_ids(pointer, groups.map(UInt16.init), groups.count))
        try Self.use(chain, key, in: pointer)
        guard clientCertificates != .notAsked else { return }
        for authority in authorities {
            guard let certificate = Self.certificate(authority) else { throw .taken() }
            defer { X509_free(certificate) }
            try Self.check(SSL_CTX_add_client_CA(pointer, certificate))
        }
        let isRequired = clientCertificates == .required
        SSL_CTX_set_custom_verify(
            pointer, SSL_VERIFY_PEER | (isRequired ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0)
        ) { ssl, _ in TLSServerSession.verdict(on: ssl) }
    }

    deinit {
        SSL_CTX_free(pointer)
    }

    private static func use(_ chain: [[UInt8]], _ key: TLSPrivateKey, in pointer: OpaquePointer) throws(TLSFault) {
        let certificates = chain.map { CRYPTO_BUFFER_new($0, $0.count, nil) }
        defer { certificates.forEach { CRYPTO_BUFFER_free($0) } }
        // It holds the key against the first certificate.
        try check(SSL_CTX_set_chain_and_key(pointer, certificates, certificates.count, key.pointer, nil))
    }

    private static func certificate(_ der: [UInt8]) -> OpaquePointer? {
        der.withUnsafeBufferPointer { bytes in
            var start = bytes.baseAddress
            return d2i_X509(nil, &start, bytes.count)
        }
    }

    private static func check(_ result: CInt) throws(TLSFault) {
        guard result == 1 else { throw .taken() }
    }
}

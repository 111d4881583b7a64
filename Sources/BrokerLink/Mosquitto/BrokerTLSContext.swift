import BoundedFiles
import COpenSSL
import Glibc

/// What OpenSSL needs to know for `mqtts://`: whom to trust, what to show, and the broker's name. libmosquitto takes it
/// as it is.
///
/// libmosquitto 2.0.11 could make one by itself, but never a second one: it goes on with the files that it has read at
/// first, and without a CA file it refuses to connect again. And it knows the broker only by what it connects to, which
/// is an address here: the name server is asked elsewhere.
final class BrokerTLSContext {
    typealias Failure = MosquittoSetUpError

    let handle: OpaquePointer
    /// As `broker.url` names it; the certificate must be for this.
    private let host: String
    private var refusal: String?

    init(host: String, tls: BrokerLinkConfiguration.TLS) throws(Failure) {
        guard let handle = SSL_CTX_new(TLS_client_method()) else {
            throw Failure(reason: "TLS: no context: \(Self.lastError)")
        }
        self.handle = handle
        self.host = host
        ERR_clear_error()
        guard copenssl_set_minimum_version(handle, tls.minimumVersion == .v13 ? TLS1_3_VERSION : TLS1_2_VERSION) == 1
        else { throw Failure(reason: "TLS: the oldest version: \(Self.lastError)") }
        copenssl_release_buffers(handle)
        if let file = tls.caFile {
            try trust(file)
        } else {
            // SSL_CERT_FILE and SSL_CERT_DIR in the environment name other ones than the system's.
            SSL_CTX_set_default_verify_paths(handle)
        }
        if let certificate = tls.certificateFile, let key = tls.keyFile {
            try show(certificate, key, password: tls.keyPassword)
        }
        SSL_CTX_set_ex_data(handle, 0, Unmanaged.passUnretained(self).toOpaque())
        SSL_CTX_set_verify(handle, tls.verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, tls.verify ? Self.verify : nil)
        SSL_CTX_set_info_callback(handle, Self.nameServer)
        ERR_clear_error()
    }

    deinit {
        SSL_CTX_free(handle)
    }

    /// What was wrong with the broker's certificate since this was asked last.
    func takeRefusal() -> String? {
        defer { refusal = nil }
        return refusal
    }

    // MARK: Files

    /// Nothing that belongs here is larger; a bundle of all public authorities has a quarter of a megabyte.
    private static let mostBytes = 16 << 20

    private static func read(_ file: String) throws(Failure) -> [UInt8] {
        do {
            // The broker thread must not wait for whoever writes to a FIFO.
            if let bytes = try BoundedFile.readRegular(file, limit: mostBytes) { return bytes }
        } catch {
            throw Failure(reason: "TLS: \(file): \(error)")
        }
        throw Failure(reason: "TLS: \(file): it is no regular file")
    }

    private func trust(_ file: String) throws(Failure) {
        let certificates = Self.certificates(in: try Self.read(file))
        defer { for certificate in certificates { X509_free(certificate) } }
        guard !certificates.isEmpty else { throw Failure(reason: "TLS: \(file): no certificate in PEM in it") }
        let store = SSL_CTX_get_cert_store(handle)
        for certificate in certificates { X509_STORE_add_cert(store, certificate) }
    }

    private func show(_ file: String, _ keyFile: String, password: String?) throws(Failure) {
        let certificates = Self.certificates(in: try Self.read(file))
        defer { for certificate in certificates { X509_free(certificate) } }
        guard let first = certificates.first else { throw Failure(reason: "TLS: \(file): no certificate in PEM in it") }
        ERR_clear_error()
        guard SSL_CTX_use_certificate(handle, first) == 1,
            certificates.dropFirst().allSatisfy({ copenssl_add_to_chain(handle, $0) == 1 })
        else { throw Failure(reason: "TLS: \(file): the certificate cannot be used: \(Self.lastError)") }
        let bytes = try Self.read(keyFile)
        let key = Self.withText(bytes) { text in copenssl_read_key(text, password ?? "") }
        guard let key else {
            throw Failure(reason: "TLS: \(keyFile): the private key cannot be read: \(Self.lastError)")
        }
        defer { EVP_PKEY_free(key) }
        guard SSL_CTX_use_PrivateKey(handle, key) == 1, SSL_CTX_check_private_key(handle) == 1 else {
            throw Failure(reason: "TLS: \(keyFile): the private key is not the certificate's: \(Self.lastError)")
        }
    }

    /// To be freed by the caller.
    private static func certificates(in bytes: [UInt8]) -> [OpaquePointer] {
        withText(bytes) { text in
            var certificates: [OpaquePointer] = []
            while let certificate = copenssl_read_certificate(text) { certificates.append(certificate) }
            ERR_clear_error()
            return certificates
        } ?? []
    }

    private static func withText<Result>(_ bytes: [UInt8], _ body: (OpaquePointer) -> Result?) -> Result? {
        bytes.withUnsafeBytes { buffer in
            guard let text = BIO_new_mem_buf(buffer.baseAddress, Int32(clamping: buffer.count)) else { return nil }
            defer { BIO_free(text) }
            return body(text)
        }
    }

    private static var lastError: String {
        defer { ERR_clear_error() }
        return ERR_reason_error_string(ERR_peek_last_error()).map { String(cString: $0) } ?? "no reason given"
    }

    // MARK: The handshake

    private static func context(of connection: OpaquePointer?) -> BrokerTLSContext? {
        guard let connection, let data = SSL_CTX_get_ex_data(SSL_get_SSL_CTX(connection), 0) else { return nil }
        return Unmanaged<BrokerTLSContext>.fromOpaque(data).takeUnretainedValue()
    }

    private static let verify: @convention(c) (Int32, OpaquePointer?) -> Int32 = { isGood, chain in
        guard let chain,
            let connection = X509_STORE_CTX_get_ex_data(chain, SSL_get_ex_data_X509_STORE_CTX_idx()),
            let context = BrokerTLSContext.context(of: OpaquePointer(connection))
        else { return 0 }
        return context.accepts(chain, isGood: isGood == 1) ? 1 : 0
    }

    private func accepts(_ chain: OpaquePointer, isGood: Bool) -> Bool {
        guard isGood else {
            refusal = String(cString: X509_verify_cert_error_string(Int(X509_STORE_CTX_get_error(chain))))
            return false
        }
        // The broker's own is the last to be looked at.
        guard X509_STORE_CTX_get_error_depth(chain) == 0 else { return true }
        if let certificate = X509_STORE_CTX_get_current_cert(chain), isForHost(certificate) { return true }
        X509_STORE_CTX_set_error(chain, X509_V_ERR_HOSTNAME_MISMATCH)
        refusal = "host name verification failed: the certificate is not for \(host)"
        return false
    }

    /// RFC 6125, 6.4; an address may also stand where names stand.
    private func isForHost(_ certificate: OpaquePointer) -> Bool {
        X509_check_host(certificate, host, host.utf8.count, 0, nil) == 1 || X509_check_ip_asc(certificate, host, 0) == 1
    }

    /// libmosquitto says the address that it connects to for the name (RFC 6066, 3), just before the handshake.
    private static let nameServer: @convention(c) (OpaquePointer?, Int32, Int32) -> Void = { connection, event, _ in
        // Later events come when the context may have gone.
        guard event & SSL_CB_HANDSHAKE_START != 0, let context = BrokerTLSContext.context(of: connection) else {
            return
        }
        copenssl_set_server_name(connection, context.isAddress ? nil : context.host)
    }

    private var isAddress: Bool {
        var address = in_addr()
        return host.utf8.contains(UInt8(ascii: ":")) || inet_pton(AF_INET, host, &address) == 1
    }
}

internal import CNIOBoringSSL
internal import CNIOBoringSSLShims
import NIOCore

/// The server's side of one TLS session: bytes in, bytes out, and nothing of sockets.
///
/// Ciphertext for the peer is left with the transport by every call, also by one that fails: the alert is in it.
package final class TLSServerSession {
    package enum Handshake {
        case done
        /// The peer's next bytes are wanted.
        case unfinished
        /// It goes on once `verdict` is set.
        case asksForVerdict
        case failed(TLSFault)
    }

    package enum Reading {
        /// - areAll: Nothing of what has come remains.
        case bytes(areAll: Bool)
        /// The peer's next bytes are wanted.
        case waits
        /// The peer has said that it sends nothing more (RFC 8446, 6.1).
        case ended
        case failed(TLSFault)
    }

    /// Whether the client's certificate is taken; nil: nobody has said yet.
    package var verdict: Bool?

    private let transport: TLSTransport
    /// An `SSL`. It keeps its context.
    private let pointer: OpaquePointer

    package init(_ context: TLSServerContext, transport: TLSTransport) {
        guard let pointer = SSL_new(context.pointer) else { preconditionFailure("no memory for a TLS session") }
        self.pointer = pointer
        self.transport = transport
        SSL_set_accept_state(pointer)
        // What only the handshake needs goes with it; nothing is negotiated a second time.
        SSL_set_shed_handshake_config(pointer, 1)
        SSL_set_ex_data(pointer, 0, Unmanaged.passUnretained(self).toOpaque())
        // For both ways one reference is given away.
        BIO_up_ref(transport.bio)
        SSL_set_bio(pointer, transport.bio, transport.bio)
    }

    deinit {
        SSL_free(pointer)
    }

    /// Goes on with the handshake.
    ///
    /// - Parameter bytes: What has come from the peer; what of it is not read remains.
    package func handshake(_ bytes: inout ByteBuffer) -> Handshake {
        let result = turn(with: &bytes) { SSL_do_handshake(pointer) }
        guard result != 1 else { return .done }
        return switch SSL_get_error(pointer, result) {
        case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE: .unfinished
        case SSL_ERROR_WANT_CERTIFICATE_VERIFY: .asksForVerdict
        default: .failed(.taken())
        }
    }

    /// Reads what the peer's bytes hold, as far as there is room.
    ///
    /// - Parameters:
    ///   - plaintext: Takes it in the room that it has.
    ///   - bytes: What has come from the peer; what of it is not read remains.
    package func read(into plaintext: inout ByteBuffer, _ bytes: inout ByteBuffer) -> Reading {
        var result: CInt = 0
        plaintext.writeWithUnsafeMutableBytes(minimumWritableBytes: 1) { room in
            result = turn(with: &bytes) { SSL_read(pointer, room.baseAddress, CInt(clamping: room.count)) }
            return max(Int(result), 0)
        }
        guard result <= 0 else { return .bytes(areAll: bytes.readableBytes == 0 && SSL_has_pending(pointer) == 0) }
        return switch SSL_get_error(pointer, result) {
        case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE: .waits
        case SSL_ERROR_ZERO_RETURN: .ended
        default: .failed(.taken())
        }
    }

    /// Writes all of it.
    package func write(_ plaintext: ByteBuffer) throws(TLSFault) {
        var plaintext = plaintext
        transport.prepare(for: plaintext.readableBytes)
        // The library counts in 32 bits.
        while let piece = plaintext.readSlice(length: min(plaintext.readableBytes, 1 << 30)), piece.readableBytes > 0 {
            ERR_clear_error()
            let result = piece.withUnsafeReadableBytes { SSL_write(pointer, $0.baseAddress, CInt($0.count)) }
            guard result == piece.readableBytes else { throw .taken() }
        }
    }

    /// Says that nothing more will be sent (RFC 8446, 6.1). To be called once.
    package func sayGoodbye() {
        ERR_clear_error()
        SSL_shutdown(pointer)
        ERR_clear_error()
    }

    /// Those that the client has shown, its own first, in DER; at most `most` of them. A resumed session has those with
    /// which it began.
    package func clientCertificates(most: Int) -> [[UInt8]] {
        guard let shown = SSL_get0_peer_certificates(pointer) else { return [] }
        return (0..<min(most, CNIOBoringSSLShims_sk_CRYPTO_BUFFER_num(shown))).map { index in
            let certificate = CNIOBoringSSLShims_sk_CRYPTO_BUFFER_value(shown, index)
            return Array(
                UnsafeBufferPointer(start: CRYPTO_BUFFER_data(certificate), count: CRYPTO_BUFFER_len(certificate)))
        }
    }

    private func turn(with bytes: inout ByteBuffer, _ body: () -> CInt) -> CInt {
        ERR_clear_error()
        swap(&transport.incoming, &bytes)
        defer { swap(&transport.incoming, &bytes) }
        return body()
    }

    /// What the library asks about a client's certificate.
    static func verdict(on ssl: OpaquePointer?) -> ssl_verify_result_t {
        guard let owner = SSL_get_ex_data(ssl, 0) else { return ssl_verify_invalid }
        let session = Unmanaged<TLSServerSession>.fromOpaque(owner).takeUnretainedValue()
        return switch session.verdict {
        case nil: ssl_verify_retry
        case true?: ssl_verify_ok
        case false?: ssl_verify_invalid
        }
    }
}

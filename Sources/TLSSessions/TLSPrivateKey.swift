internal import CNIOBoringSSL

/// A server's private key, of any kind that TLS can sign with.
package final class TLSPrivateKey: Sendable {
    /// An `EVP_PKEY`, which nobody changes.
    nonisolated(unsafe) let pointer: OpaquePointer

    /// - Parameters:
    ///   - pem: The first key in it is taken: PKCS #8, encrypted or not, or the older forms.
    ///   - password: Of an encrypted key; another one is not touched by it.
    package init(pem: [UInt8], password: [UInt8] = []) throws(TLSFault) {
        ERR_clear_error()
        guard let bio = BIO_new_mem_buf(pem, pem.count) else { throw .taken() }
        defer { BIO_free(bio) }
        // With no callback the library would take a text that ends with a zero byte.
        let pointer = withUnsafePointer(to: password) { password in
            PEM_read_bio_PrivateKey(
                bio, nil,
                { buffer, size, _, user in
                    guard let buffer, let password = user?.assumingMemoryBound(to: [UInt8].self).pointee,
                        password.count <= size
                    else { return -1 }
                    password.withUnsafeBytes { bytes in
                        if let start = bytes.baseAddress {
                            UnsafeMutableRawPointer(buffer).copyMemory(from: start, byteCount: bytes.count)
                        }
                    }
                    return CInt(password.count)
                }, UnsafeMutableRawPointer(mutating: password))
        }
        guard let pointer else { throw .taken() }
        self.pointer = pointer
    }

    deinit {
        EVP_PKEY_free(pointer)
    }
}

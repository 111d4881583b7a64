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
        guard let pointer = Self.read(pem, password) else { throw .taken() }
        self.pointer = pointer
    }

    private static func read(_ pem: [UInt8], _ password: [UInt8]) -> OpaquePointer? {
        // The library keeps the addresses of both until it has read the key.
        pem.withUnsafeBytes { pem in
            guard let bio = BIO_new_mem_buf(pem.baseAddress, pem.count) else { return nil }
            defer { BIO_free(bio) }
            return withUnsafePointer(to: password) { password in
                PEM_read_bio_PrivateKey(
                    bio, nil,
                    // With no callback it would take a text that ends with a zero byte.
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
        }
    }

    deinit {
        EVP_PKEY_free(pointer)
    }
}

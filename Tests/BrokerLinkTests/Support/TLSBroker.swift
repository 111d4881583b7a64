import Foundation
import TestSupport

/// A broker with a certificate for localhost and 127.0.0.1 of an authority of its own, `ca.pem` in its folder.
func tlsBroker(_ listener: [String] = []) async throws -> TestBroker {
    let broker = try await TestBroker(
        listener: ["cafile $FOLDER/ca.pem", "certfile $FOLDER/server.pem", "keyfile $FOLDER/server.key"] + listener)
    try makeTLSFiles(in: broker.folder)
    try await broker.start()
    return broker
}

/// Makes `ca`, `other`, `server`, `client` in a folder, and `client-encrypted.key`.
func makeTLSFiles(in folder: URL) throws {
    try CertificateMaker.make(
        in: folder,
        """
        root ca; root other
        signed server ca server "$localhost"
        signed client ca client 'subjectAltName=DNS:client'
        encrypted client
        """)
}

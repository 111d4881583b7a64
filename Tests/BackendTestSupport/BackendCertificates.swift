import Foundation

/// An authority of a test's own and a server's certificate by it, as PEM files.
package struct BackendCertificates: Sendable {
    package let directory: String
    package var caFile: String { directory + "/ca.pem" }
    package var certificateFile: String { directory + "/server.pem" }
    package var keyFile: String { directory + "/server.key" }

    /// - Parameters:
    ///   - directory: where they are written; it is there.
    ///   - names: what the certificate is for, as OpenSSL writes them (`DNS:localhost`, `IP:127.0.0.1`).
    package init(directory: String, names: [String] = ["DNS:localhost"]) throws {
        self.directory = directory
        let base = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        try BackendServer.run(
            base + [
                "-days", "2", "-subj", "/CN=Test authority", "-keyout", directory + "/ca.key", "-out", caFile,
                "-addext", "keyUsage=critical,keyCertSign,cRLSign",
            ])
        try BackendServer.run(
            base + [
                "-days", "1", "-subj", "/CN=Test server", "-keyout", keyFile, "-out", certificateFile,
                "-CA", caFile, "-CAkey", directory + "/ca.key",
                "-addext", "subjectAltName=" + names.joined(separator: ","),
                "-addext", "basicConstraints=critical,CA:FALSE",
            ])
    }

    /// For a server that runs as somebody else and wants its key for itself.
    package func give(to owner: String) throws {
        for file in [caFile, certificateFile, keyFile] {
            try BackendServer.run(["chown", owner, file])
            try BackendServer.run(["chmod", "600", file])
        }
        try BackendServer.run(["chmod", "644", caFile])
    }
}

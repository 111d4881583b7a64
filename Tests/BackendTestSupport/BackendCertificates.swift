import CredentialChecking
import Foundation

/// An authority of a test's own, and certificates by it of a server and of the gateway, as PEM files.
package struct BackendCertificates: Sendable {
    package let directory: String
    package var caFile: String { directory + "/ca.pem" }
    package var certificateFile: String { directory + "/server.pem" }
    package var keyFile: String { directory + "/server.key" }
    package var clientCertificateFile: String { directory + "/client.pem" }
    package var clientKeyFile: String { directory + "/client.key" }
    /// Certificate and key in one file.
    package var clientFile: String { directory + "/client-both.pem" }

    /// TLS with the gateway's certificate.
    package func mutualTLS(serverName: BackendTLS.ServerName = .ofHost) -> BackendTLS {
        var tls = BackendTLS(isEnabled: true)
        tls.caFile = caFile
        tls.certificateFile = clientCertificateFile
        tls.keyFile = clientKeyFile
        tls.serverName = serverName
        return tls
    }

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
        let signed = ["-CA", caFile, "-CAkey", directory + "/ca.key", "-addext", "basicConstraints=critical,CA:FALSE"]
        try BackendServer.run(
            base + signed + [
                "-days", "1", "-subj", "/CN=Test server", "-keyout", keyFile, "-out", certificateFile,
                "-addext", "subjectAltName=" + names.joined(separator: ","),
            ])
        try BackendServer.run(
            base + signed + [
                "-days", "1", "-subj", "/CN=certified", "-keyout", clientKeyFile, "-out", clientCertificateFile,
            ])
        let both = try [clientCertificateFile, clientKeyFile].map { try String(contentsOfFile: $0, encoding: .utf8) }
        try both.joined().write(toFile: clientFile, atomically: true, encoding: .utf8)
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

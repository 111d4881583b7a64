import Foundation
import NIOSSL
import SpawnedProcess

/// An authority `ca` and certificates of it for the listener (`server`, `server2`) and the charge point `PY-1`, made
/// with the `openssl` command.
final class CertificateFolder: Sendable {
    private let folder = FileManager.default.temporaryDirectory.appending(path: "gateway-tls-\(UUID().uuidString)")

    init() throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let script = #"""
            set -e; cd "$0"
            key() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1.key"; }
            signed() {
                key "$1"; openssl req -new -key "$1.key" -subj "/CN=$1" -out "$1.csr"; printf "$2" >"$1.ext"
                openssl x509 -req -in "$1.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile "$1.ext" \
                    -out "$1.pem"
            }
            key ca; openssl req -x509 -new -key ca.key -subj /CN=ca -days 2 -out ca.pem
            signed server 'subjectAltName=DNS:localhost,IP:127.0.0.1'
            signed server2 'subjectAltName=DNS:localhost,IP:127.0.0.1'
            signed PY-1 'extendedKeyUsage=clientAuth'
            """#
        let process = SpawnedProcess()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", script, folder.path]
        process.standardError = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Failure("openssl made no certificates") }
        try put("server")
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    func path(_ name: String) -> String { folder.appending(path: name).path }

    /// Makes this the listener's certificate, key first, each file in one step.
    func put(_ name: String) throws {
        for ending in ["key", "pem"] {
            try Data(contentsOf: folder.appending(path: "\(name).\(ending)"))
                .write(to: folder.appending(path: "listener.\(ending)"), options: .atomic)
        }
    }

    /// Puts something that is no certificate in the certificate's place.
    func putNonsense() throws {
        try Data("no certificate".utf8).write(to: folder.appending(path: "listener.pem"), options: .atomic)
    }

    /// A listener `wss:tls` besides `ws:default`.
    func settings(_ options: [String: String] = [:]) -> [String: String] {
        let all = ["CERTFILE": path("listener.pem"), "KEYFILE": path("listener.key")].merging(options) { _, own in own }
        var settings = ["LISTENERS": "ws:default,wss:tls", "LISTENERS_WSS_TLS_BIND": "127.0.0.1:0"]
        for (name, value) in all { settings["LISTENERS_WSS_TLS_SSL_OPTIONS_\(name)"] = value }
        return settings
    }

    func client() throws -> NIOSSLContext {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.trustRoots = .file(path("ca.pem"))
        return try NIOSSLContext(configuration: configuration)
    }
}

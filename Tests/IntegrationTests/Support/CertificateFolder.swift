import Foundation
import NIOSSL
import TestSupport

/// An authority `ca` and certificates of it for the listener (`server`, `server2`) and the charge point `PY-1`.
final class CertificateFolder: Sendable {
    private let folder = FileManager.default.temporaryDirectory.appending(path: "gateway-tls-\(UUID().uuidString)")

    init() throws {
        try CertificateMaker.make(
            in: folder,
            #"""
            root ca
            signed server ca server "$localhost"
            signed server2 ca server2 "$localhost"
            signed PY-1 ca PY-1 "$client"
            """#)
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

    /// - Parameter name: whose certificate the client shows.
    func client(as name: String? = nil) throws -> NIOSSLContext {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.trustRoots = .file(path("ca.pem"))
        if let name {
            configuration.certificateChain = try NIOSSLCertificate.fromPEMFile(path("\(name).pem")).map {
                .certificate($0)
            }
            configuration.privateKey = .privateKey(try NIOSSLPrivateKey(file: path("\(name).key"), format: .pem))
        }
        return try NIOSSLContext(configuration: configuration)
    }
}

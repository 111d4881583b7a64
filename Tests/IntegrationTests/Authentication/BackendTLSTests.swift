import Foundation
import TestSupport
import Testing

/// `authentication.ssl.*` through the whole gateway: a server that wants the gateway's certificate.
@Suite struct BackendTLSTests {
    private func tls(_ files: CertificateFolder, _ own: [String: String] = [:]) -> [String: String] {
        var settings: [String: String] = [:]
        let all = ["CACERTFILE": "ca.pem", "CERTFILE": "PY-1.pem", "KEYFILE": "PY-1.key"].merging(own) { $1 }
        for (name, file) in all where !file.isEmpty { settings["AUTHENTICATION_SSL_\(name)"] = files.path(file) }
        return settings
    }

    @Test func `An HTTP server is asked over TLS and only if it is the right one`() async throws {
        let files = try CertificateFolder()
        let server = try await AnsweringServer(["CP-1": .allow], tls: files)
        let shown = ShownCredentials.basic("CP-1", "s3cr3t-password")
        let url = ["AUTHENTICATION_URL": "https://localhost:\(server.port)/auth"]
        try await withSite(server.settings(url).merging(tls(files)) { $1 }) { site async throws in
            #expect(try await site.status("CP-1", shown) == 101)
        }
        // Without a certificate, and with another authority than the server's.
        for wrong in [["CERTFILE": "", "KEYFILE": ""], ["CACERTFILE": "PY-1.pem"]] {
            try await withSite(server.settings(url).merging(tls(files, wrong)) { $1 }) { site async throws in
                #expect(try await site.answer("CP-1", shown).isUnavailable)
            }
        }
        #expect(server.asked == ["CP-1"])
    }

    @Test func `A key set is fetched over TLS`() async throws {
        let files = try CertificateFolder()
        let server = try await AnsweringServer(tls: files)
        let tokens = try await TokenMaker.make(
            [.init(claims: ["sub": "CP-1"], algorithm: "ES256")], keySetIn: server.server.folder)
        let settings = [
            "AUTHENTICATION_BACKEND": "jwt", "AUTHENTICATION_ENDPOINT": "https://localhost:\(server.port)/keys.json",
            "AUTHENTICATION_VERIFY_CLAIMS": #"{"sub":"${clientid}"}"#,
        ].merging(PatientTimes.http) { $1 }
        try await withSite(settings.merging(tls(files)) { $1 }) { site async throws in
            #expect(try await site.verdict("CP-1", .bearer(tokens[0])).status == 101)
        }
        try await withSite(settings.merging(tls(files, ["CACERTFILE": "PY-1.pem"])) { $1 }) { site async throws in
            try await site.gateway.log("that there is none") { $0.message == "key set not fetched" }
            #expect(try await site.answer("CP-1", .bearer(tokens[0])).isUnavailable)
        }
    }
}

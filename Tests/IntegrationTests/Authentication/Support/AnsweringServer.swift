import Foundation
import TestSupport

/// The HTTP server of `Resources/answering_server.py`: it says of each charge point what it has been told to say, and of
/// others `deny`; `GET` has it hand out files of its folder.
struct AnsweringServer: Sendable {
    struct Answer: Encodable, Sendable {
        var status = 200
        var headers: [String: String] = [:]
        var body = ""
        /// Seconds before it comes.
        var delay = 0.0
        /// It begins and never ends.
        var endless = false
        /// The connection is closed instead.
        var hangsUp = false

        static func json(_ body: String) -> Self { Self(headers: ["Content-Type": "application/json"], body: body) }
        static let allow = json(#"{"result":"allow"}"#)
    }

    let server: TestServer
    var port: Int { server.port }

    /// - Parameters:
    ///   - tls: it speaks TLS, and wants a certificate of this authority.
    ///   - isRunning: else it is started later, on the same port.
    init(_ answers: [String: Answer] = [:], tls: CertificateFolder? = nil, isRunning: Bool = true) async throws {
        let files = tls.map { [$0.path("server.pem"), $0.path("server.key"), $0.path("ca.pem")] } ?? []
        server = try await TestServer(
            try PythonChargePoint.python,
            [PythonChargePoint.script("answering_server.py"), "$PORT", "$FOLDER"] + files,
            readiness: .prints("ready"))
        try say(answers)
        if isRunning { try await server.start() }
    }

    /// From now on.
    func say(_ answers: [String: Answer]) throws {
        try put("answers.json", JSONEncoder().encode(answers))
    }

    func put(_ name: String, _ bytes: Data) throws {
        try bytes.write(to: server.folder.appending(path: name), options: .atomic)
    }

    /// Its questions as the script writes them down, each of them before it is answered.
    var questions: String {
        (try? String(contentsOf: server.folder.appending(path: "questions"), encoding: .utf8)) ?? ""
    }

    /// What it was asked, each by the charge point's identity.
    var asked: [String] {
        questions.split(separator: "\n").filter { $0.hasPrefix("asked ") }.map { String($0.dropFirst(6)) }
    }

    func settings(_ own: [String: String] = [:]) -> [String: String] {
        ["AUTHENTICATION_BACKEND": "http", "AUTHENTICATION_URL": "http://127.0.0.1:\(port)/auth"]
            .merging(PatientTimes.http) { $1 }
            .merging(own) { $1 }
    }
}

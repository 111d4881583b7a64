import Foundation
import NIOCore
import NIOSSL
import TestSupport

/// What a charge point shows to be let in.
enum ShownCredentials: Sendable {
    case none
    /// HTTP Basic.
    case basic(String, [UInt8])
    case bearer(String)
    /// An `Authorization` header as it is.
    case header(String)

    static func basic(_ user: String, _ password: String) -> Self { .basic(user, Array(password.utf8)) }

    var headers: [(String, String)] {
        switch self {
        case .none: return []
        case .basic(let user, let password):
            let text = Data(Array("\(user):".utf8) + password).base64EncodedString()
            return [("Authorization", "Basic \(text)")]
        case .bearer(let token): return [("Authorization", "Bearer \(token)")]
        case .header(let text): return [("Authorization", text)]
        }
    }
}

extension Site {
    /// Sends the upgrade request of a charge point and keeps what comes of it.
    func open(
        _ identity: String, _ shown: ShownCredentials, port: Int? = nil, tls: NIOSSLContext? = nil,
        within patience: TimeAmount = .seconds(30)
    ) async throws -> (ChargePointClient, ChargePointClient.Handshake) {
        var settings = ChargePointClient.Settings()
        settings.patience = patience
        settings.headers = shown.headers
        settings.tls = tls
        return try await ChargePointClient.open(port: port ?? self.port, identity: identity, settings: settings)
    }

    /// The answer to a charge point's handshake; it leaves at once.
    func answer(
        _ identity: String, _ shown: ShownCredentials, port: Int? = nil, tls: NIOSSLContext? = nil,
        within patience: TimeAmount = .seconds(30)
    ) async throws -> ChargePointClient.Handshake {
        let (client, answer) = try await open(identity, shown, port: port, tls: tls, within: patience)
        await client.cut()
        return answer
    }

    func status(_ identity: String, _ shown: ShownCredentials, port: Int? = nil, tls: NIOSSLContext? = nil) async throws
        -> Int
    {
        try await answer(identity, shown, port: port, tls: tls).status
    }

    /// The log's line about a handshake that was refused with this status.
    @discardableResult
    func refusal(of identity: String, _ status: Int) async throws -> [String: String] {
        try await gateway.log("the refusal of \(identity)") {
            $0.message == "handshake refused" && $0.fields["cid"] == identity && $0.fields["status"] == "\(status)"
        }.fields
    }

    func hasLogged(_ message: String) -> Bool { gateway.logLines.contains { $0.message == message } }
}

extension ChargePointClient.Handshake {
    var isUnauthorized: Bool {
        status == 401 && body == "not authorized" && header("www-authenticate") == #"Basic realm="ocpp""#
    }

    var isUnknown: Bool { status == 404 && body == "unknown identity" }

    var retryAfter: Int? { header("retry-after").flatMap { Int($0) } }

    /// 503 with a number of seconds that a charge point can go by.
    var isUnavailable: Bool { status == 503 && body == "try again later" && (1...180).contains(retryAfter ?? 0) }
}

import Foundation
import NIOCore
import NIOSSL
import TestSupport
import Testing

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
        within patience: TimeAmount = .seconds(120)
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
        within patience: TimeAmount = .seconds(120)
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

    /// What a charge point hears that comes again while it is told to: after an outage a gateway may say 503 for as long as
    /// its probe needs, and where a test keeps a time-out short a slow machine may pass it. Anything else is returned.
    func verdict(
        _ identity: String, _ shown: ShownCredentials, port: Int? = nil, tls: NIOSSLContext? = nil
    ) async throws -> ChargePointClient.Handshake {
        let deadline = ContinuousClock.now + .seconds(180)
        while true {
            let heard = try await answer(identity, shown, port: port, tls: tls)
            if !heard.isUnavailable { return heard }
            guard ContinuousClock.now < deadline else { throw Failure("no verdict on \(identity), only \(heard)") }
            try await Task.sleep(for: .milliseconds(100))
        }
    }

    /// A session whose credentials end soon: a slow machine needs more seconds until it is open.
    ///
    /// - Parameter shown: what ends in so many seconds.
    func openUntilExpiry(
        _ identity: String, _ shown: (_ seconds: Int) async throws -> ShownCredentials
    ) async throws -> ChargePointClient {
        for seconds in [5, 20, 80, 320] {
            let (chargePoint, answer) = try await open(identity, try await shown(seconds))
            if answer.status == 101 { return chargePoint }
            #expect(answer.status == 401)
        }
        throw Failure("\(identity) is not open before its credentials end")
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

/// Times for a machine that is ten times slower and busy: only a test of a time-out has a short one.
enum PatientTimes {
    static let handshake = ["AUTHENTICATION_TIMEOUT": "100s", "IDLE_TIMEOUT": "200s"]
    static let http = handshake.merging(
        ["AUTHENTICATION_CONNECT_TIMEOUT": "60s", "AUTHENTICATION_REQUEST_TIMEOUT": "60s"]) { $1 }
    static let database = handshake.merging(
        ["AUTHENTICATION_CONNECT_TIMEOUT": "60s", "AUTHENTICATION_QUERY_TIMEOUT": "60s"]) { $1 }
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

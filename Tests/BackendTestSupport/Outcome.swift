import Authentication
import CredentialChecking
import OutsideNames

/// What a source has said of a charge point.
package enum Outcome: Sendable, Equatable {
    case rows([StoredCredential])
    case failed(BackendFailure)

    /// - Parameter name: identity and user name.
    package init(of name: String, from source: some CredentialSource) async {
        let credentials = Credentials(
            identity: ChargePointIdentity(name), userName: UserName(name), password: [1], peerHost: "192.0.2.1",
            listener: "ocpp:ws:default")
        do throws(BackendFailure) {
            self = .rows(try await source.storedCredentials(for: credentials))
        } catch {
            self = .failed(error)
        }
    }

    /// Asks until it is as wanted, a minute at most: on a slow machine a time-out that a test keeps short passes too soon.
    package static func of(
        _ name: String, from source: some CredentialSource, until isWanted: (Outcome) -> Bool
    ) async -> Outcome {
        let end = ContinuousClock.now + .seconds(60)
        while true {
            let outcome = await Outcome(of: name, from: source)
            if isWanted(outcome) || ContinuousClock.now >= end { return outcome }
        }
    }

    package static let unknown = Outcome.rows([])

    /// Nil where there was a failure.
    package var hashes: [String?]? {
        guard case .rows(let rows) = self else { return nil }
        return rows.map { $0.hash.map { String(decoding: $0, as: UTF8.self) } }
    }

    package var failure: BackendFailure? { if case .failed(let failure) = self { failure } else { nil } }
}

import Authentication

/// What became of a handshake, for the metrics (management.md, `authentication_total`).
package enum AuthenticationResult: Int, Sendable, CaseIterable {
    case allow, deny, unknown, unavailable

    package init(_ verdict: AuthenticationVerdict) {
        self =
            switch verdict {
            case .accepted: .allow
            case .refused(let refusal):
                switch refusal.kind {
                case .wrongCredentials: .deny
                case .unknownIdentity: .unknown
                case .unavailable: .unavailable
                }
            }
    }
}

/// How a gate stands now, for management.
package struct AuthenticationGateStatus: Sendable, Equatable {
    /// False: the backend counts as down. Sessions are not touched by that.
    package var isUp: Bool
    /// Why it counts as down, in its own words.
    package var words = ""
    /// Handshakes whose turn has not come.
    package var waiting: Int
    /// Verdicts given from memory since start.
    package var cacheHits = 0

    func with(cacheHits: Int) -> Self {
        var status = self
        status.cacheHits = cacheHits
        return status
    }
}

extension AuthenticationVerdict {
    /// 503.
    static func unavailable(retryAfter: Int?, reason: String) -> Self {
        .refused(.init(.unavailable(retryAfter: retryAfter), reason: reason))
    }
}

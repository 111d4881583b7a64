import Authentication

/// What a token must say to let its bearer in, once its signature has been found good (authentication.md, "JWT").
struct TokenRules: Sendable, Equatable {
    /// Seconds by which clocks may differ.
    var leeway: Double = 0
    var requiresExpiry = false
    var disconnectsAfterExpiry = true

    enum Judgement: Equatable {
        case good(expiry: Int64?, securityProfile: Int?)
        case bad(reason: String)
    }

    /// - Parameters:
    ///   - required: `verify_claims`, rendered for this charge point.
    ///   - now: seconds since 1970.
    func judge(_ claims: [String: ClaimValue], required: [(name: String, value: [UInt8])], now: Double) -> Judgement {
        var expiry: Int64?
        if let claim = claims["exp"] {
            guard let seconds = claim.seconds else { return .bad(reason: "exp is no time") }
            guard now < seconds + leeway else { return .bad(reason: "the token has expired") }
            // It is good for the leeway longer, so is the session.
            if disconnectsAfterExpiry { expiry = Int64(seconds + leeway) }
        } else if requiresExpiry {
            return .bad(reason: "the token has no exp")
        }
        if let claim = claims["nbf"] {
            guard let seconds = claim.seconds else { return .bad(reason: "nbf is no time") }
            guard now >= seconds - leeway else { return .bad(reason: "the token is not good yet") }
        }
        for (name, value) in required {
            guard let claim = claims[name] else { return .bad(reason: "the token has no claim \(name)") }
            guard claim.isOrHolds(value) else { return .bad(reason: "the claim \(name) is another") }
        }
        return .good(expiry: expiry, securityProfile: Self.securityProfile(in: claims))
    }

    /// 1, 2 or 3; null is none; anything else ties to the strictest, so that a slip of the pen opens nothing.
    private static func securityProfile(in claims: [String: ClaimValue]) -> Int? {
        switch claims["security_profile"] {
        case nil, .null: nil
        case .some(let claim):
            switch claim.seconds {
            case .some(1): 1
            case .some(2): 2
            default: 3
            }
        }
    }
}

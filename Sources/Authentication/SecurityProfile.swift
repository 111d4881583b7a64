/// OCPP's security profiles (OCPP 1.6 security whitepaper, 2; OCPP 2.0.1, A00): by what a charge point has come in.
package enum SecurityProfile: Int, Sendable, Equatable, CaseIterable {
    /// Over plain `ws`, with a password or without.
    case unencrypted = 1
    case encrypted = 2
    /// TLS with a client certificate that was verified, here or by a trusted proxy in front.
    case certificate = 3

    package init(isEncrypted: Bool, hasCertificate: Bool) {
        // A certificate without TLS is none that a charge point of profile 3 could have shown.
        self = !isEncrypted ? .unencrypted : hasCertificate ? .certificate : .encrypted
    }

    /// Why a charge point for which `required` holds may not come in so; nil: it may.
    ///
    /// - Parameter required: As the backend says it (`security_profile`); nil: any will do. What is no profile lets
    ///   nobody in: the data is wrong, and whoever wrote it wanted some safety.
    package func fault(required: Int?) -> String? {
        guard let required else { return nil }
        guard let needed = SecurityProfile(rawValue: required) else {
            return "security profile \(required) is none that this gateway knows"
        }
        guard rawValue < needed.rawValue else { return nil }
        switch self {
        case .unencrypted: return "security profile \(required) needs TLS (wss)"
        case .encrypted, .certificate: return "security profile \(required) needs a client certificate"
        }
    }
}

extension Credentials {
    /// By what the charge point comes in.
    package var securityProfile: SecurityProfile {
        SecurityProfile(isEncrypted: isEncrypted, hasCertificate: certificate != nil)
    }
}

extension AuthenticationVerdict {
    /// The verdict once the charge point's security profile has been looked at: who comes in by less than the backend
    /// demands has the wrong credentials (authentication.md, "Backends").
    package func minding(_ profile: SecurityProfile) -> AuthenticationVerdict {
        guard case .accepted(let acceptance) = self, let fault = profile.fault(required: acceptance.securityProfile)
        else { return self }
        return .refused(Refusal(.wrongCredentials, reason: fault))
    }
}

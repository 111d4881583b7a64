import Authentication
import Testing

@Suite("OCPP's security profiles at the door")
struct SecurityProfileTests {
    @Test(
        arguments: [
            (nil, [true, true, true]), (1, [true, true, true]), (2, [false, true, true]), (3, [false, false, true]),
            // What is no profile: the data is wrong, and nobody gets in by it.
            (0, [false, false, false]), (4, [false, false, false]), (-1, [false, false, false]),
        ] as [(Int?, [Bool])])
    func `Who comes in by less than the backend demands has the wrong credentials`(
        required: Int?, isEnough: [Bool]
    ) {
        let accepted = AuthenticationVerdict.accepted(.init(userName: "CP1", securityProfile: required))
        for (profile, isEnough) in zip(SecurityProfile.allCases, isEnough) {
            let verdict = accepted.minding(profile)
            if isEnough {
                #expect(verdict == accepted)
            } else {
                guard case .refused(let refusal) = verdict else {
                    Issue.record("\(profile) is enough for \(String(describing: required))")
                    continue
                }
                #expect(refusal.kind == .wrongCredentials && refusal.reason.contains("security profile"))
            }
        }
    }

    @Test
    func `A refusal stays what it is`() {
        let refused = AuthenticationVerdict.refused(.init(.unavailable(retryAfter: 7), reason: "down"))
        #expect(refused.minding(.unencrypted) == refused)
    }

    @Test
    func `A verified certificate is profile 3, TLS without one 2, and nothing counts without TLS`() {
        var credentials = Credentials(identity: "CP1", peerHost: "192.0.2.7", listener: "ocpp:ws:default")
        #expect(credentials.securityProfile == .unencrypted)
        credentials.certificate = ClientCertificate(commonName: "CP1")
        #expect(credentials.securityProfile == .unencrypted)
        credentials.isEncrypted = true
        #expect(credentials.securityProfile == .certificate)
        credentials.certificate = nil
        #expect(credentials.securityProfile == .encrypted)
    }
}

import Authentication
import OutsideNames

/// `ocpp-gateway check-authentication`: asks once, as a handshake would, and explains the verdict.
package struct AuthenticationCheck: Sendable {
    /// How the command ends.
    package enum Outcome: Sendable, Equatable {
        case accepted, refused, unavailable

        /// Of sysexits.h the nearest: no permission, try again later.
        package var exitCode: Int32 {
            switch self {
            case .accepted: 0
            case .refused: 77
            case .unavailable: 75
            }
        }
    }

    package struct InputError: Error, CustomStringConvertible, Equatable {
        package var description: String
    }

    package let credentials: Credentials

    /// - Parameters:
    ///   - credentials: Without user name and password.
    ///   - input: The user name on one line and the password on the next; nothing at all: no credentials.
    ///   - isHexadecimal: The password's line is hexadecimal digits that stand for its bytes.
    package init(_ credentials: Credentials, input: [UInt8], isHexadecimal: Bool = false) throws(InputError) {
        var credentials = credentials
        var lines = SecretLines(input)
        if let name = lines.next() {
            guard let text = String(validating: name, as: UTF8.self), !text.hasControlCharacters else {
                throw InputError(description: "the user name is no text that HTTP Basic could carry")
            }
            guard let line = lines.next() else {
                throw InputError(description: "expected the user name on one line and the password on the next")
            }
            credentials.userName = UserName(text)
            credentials.password = line
            if isHexadecimal {
                guard let bytes = Hexadecimal.bytes(line) else {
                    throw InputError(description: "the password is not an even number of hexadecimal digits")
                }
                credentials.password = bytes
            }
        }
        self.credentials = credentials
    }

    /// - Returns: The text is for the operator, without the password.
    package func run(
        _ authenticator: any Authenticator, forms: PasswordForms
    ) async -> (outcome: Outcome, text: String) {
        let start = ContinuousClock.now
        let verdict = await authenticator.authenticate(credentials)
        let (seconds, attoseconds) = (ContinuousClock.now - start).components
        let time = "\(seconds * 1000 + attoseconds / 1_000_000_000_000_000) ms"
        switch verdict.minding(credentials.securityProfile) {
        case .accepted(let acceptance): return (.accepted, "101 in \(time): let in\n" + notes(on: acceptance))
        case .refused(let refusal):
            let (outcome, status): (Outcome, Int) =
                switch refusal.kind {
                case .wrongCredentials: (.refused, 401)
                case .unknownIdentity: (.refused, 404)
                case .unavailable: (.unavailable, 503)
                }
            let answer = "\(status) in \(time): \(refusal.reason)\n"
            if case .accepted = verdict {
                // The credentials were right, and it is the way in that is not.
                return (outcome, answer + (credentials.isEncrypted ? "this check shows no client certificate\n" : ""))
            }
            return (outcome, answer + (outcome == .refused ? notes(on: forms) : ""))
        }
    }

    private func notes(on acceptance: AuthenticationVerdict.Acceptance) -> String {
        var text = ""
        if let name = acceptance.userName { text += "user name: \(TerminalText(name.text))\n" }
        if let profile = acceptance.securityProfile {
            text += "OCPP security profile: at least \(profile)\n"
        }
        if let expiry = acceptance.expiry { text += "the session ends at \(expiry) (seconds since 1970)\n" }
        return text
    }

    private func notes(on forms: PasswordForms) -> String {
        guard let password = credentials.password else { return "there were no credentials\n" }
        let count = forms.forms(of: password).count
        return "the password has \(password.count) bytes and was tried in \(count) form\(count == 1 ? "" : "s")\n"
    }
}

import ArgumentParser
import Authentication
import CredentialChecking
import Foundation
import Gateway
import OutsideNames

/// `ocpp-gateway check-authentication`: why is this charge point let in, or not?
struct CheckAuthenticationCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check-authentication",
        abstract: "Ask the configured authenticator once, and explain its verdict.",
        discussion: """
            Standard input: the user name on one line and the password on the next; nothing: no credentials. \
            Exit codes: 0 let in, 77 refused, 75 the backend cannot be asked, 78 bad configuration.
            """)

    @Argument(help: "The charge point's identity.") var identity: String
    @Flag(help: "The password's line is hexadecimal digits that stand for its bytes.") var hex = false
    @Option(help: "As if it came in through this listener, as `ocpp:wss:default` (default: the first).")
    var listener: String?
    @Option(help: "As if it came from this address.") var address = "127.0.0.1"

    func run() async throws {
        let loaded = try CommandSupport.load()
        let first = loaded.configuration.listeners.first?.configuration.id.description
        let listener = listener ?? first ?? "ocpp:ws:default"
        let check: AuthenticationCheck
        do {
            check = try AuthenticationCheck(
                Credentials(
                    identity: ChargePointIdentity(identity), peerHost: address, listener: listener,
                    subprotocol: "ocpp1.6", isEncrypted: listener.contains(":wss:")),
                input: try CommandSupport.input(limit: 1 << 20), isHexadecimal: hex)
        } catch let error as AuthenticationCheck.InputError {
            CommandSupport.complain("\(error)")
            throw ExitCode(64)
        }
        do {
            let (outcome, text) = try await loaded.configuration.check(check)
            try CommandSupport.write(text)
            guard outcome == .accepted else { throw ExitCode(outcome.exitCode) }
        } catch let code as ExitCode {
            throw code
        } catch {
            CommandSupport.complain("\(error)")
            throw ExitCode(78)
        }
    }
}

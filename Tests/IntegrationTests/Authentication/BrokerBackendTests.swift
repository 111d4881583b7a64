import TestSupport
import Testing

/// `authentication.backend: broker`: the broker decides by the CONNECT of the charge point's own connection.
@Suite struct BrokerBackendTests {
    private static let settings = ["AUTHENTICATION_BACKEND": "broker", "BROKER_SESSIONS": "per_charge_point"]

    @Test(arguments: ["true", "false"])
    func `The user name is the identity with the broker as backend too`(isHeld: String) async throws {
        let settings = Self.settings.merging(["AUTHENTICATION_USERNAME_IS_IDENTITY": isHeld]) { $1 }
        try await withSite(settings) { site async throws in
            #expect(try await site.status("CP-1", .basic("CP-1", "s3cr3t-one")) == 101)
            let other = try await site.answer("CP-2", .basic("CP-1", "s3cr3t-one"))
            #expect(isHeld == "true" ? other.isUnauthorized : other.status == 101)
            func hasAskedBroker() -> Bool { site.broker.lines.contains { $0.contains(" as ocpp-CP-2 (p") } }
            if isHeld == "true" {
                #expect(!hasAskedBroker())
            } else {
                try await eventually("the broker's line") { hasAskedBroker() }
            }
        }
    }
}

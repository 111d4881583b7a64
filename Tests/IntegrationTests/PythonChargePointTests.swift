import Testing

/// A charge point library that is not ours, through the gateway, against a central system that speaks only MQTT.
@Suite struct PythonChargePointTests {
    @Test func `A whole transaction of the Python library goes through`() async throws {
        try await withSite { site in
            try await PythonChargePoint.chargeOnce(at: site, url: "ws://127.0.0.1:\(site.port)/ocpp/PY-1")
        }
    }

    @Test(arguments: ["2.0.1", "2.1"])
    func `The same as a station of 2.0.1 and 2.1, with checking on`(version: String) async throws {
        try await withSite(["MESSAGE_FORMAT_CHECKING": "all"]) { site in
            try await PythonChargePoint.chargeOnce(at: site, version: version)
        }
    }
}

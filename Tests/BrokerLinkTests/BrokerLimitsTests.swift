import Testing

@testable import BrokerLink

@Suite struct BrokerLimitsTests {
    private func limits(_ quality: BrokerLinkConfiguration.QualityOfService = .atLeastOnce, inFlight: Int = 64)
        -> BrokerLimits
    {
        var configuration = BrokerLinkConfiguration(clientID: "gateway")
        configuration.qualityOfService = quality
        configuration.maxInflight = inFlight
        return BrokerLimits(configuration)
    }

    @Test func `The broker lowers what is configured and does not raise it`() {
        var limits = limits(.exactlyOnce)
        limits.accepted(
            ConnectAcknowledgement(
                reasonCode: 0, isSessionPresent: false, receiveMaximum: 10, maximumQualityOfService: 1,
                maximumPacketSize: 4096), version: .v5)
        #expect(limits.qualityOfService == 1 && limits.inFlight == 10 && limits.maximumPacketSize == 4096)
        var low = self.limits(.atMostOnce, inFlight: 2)
        low.accepted(
            ConnectAcknowledgement(
                reasonCode: 0, isSessionPresent: false, receiveMaximum: 10, maximumQualityOfService: 1), version: .v5)
        #expect(low.qualityOfService == 0 && low.inFlight == 2 && low.maximumPacketSize == nil)
    }

    @Test func `What a broker has said once counts until there is a new client`() {
        var limits = limits()
        let strict = ConnectAcknowledgement(
            reasonCode: 0, isSessionPresent: false, maximumQualityOfService: 0, maximumPacketSize: 4096)
        limits.accepted(strict, version: .v5)
        limits.accepted(ConnectAcknowledgement(reasonCode: 0, isSessionPresent: false), version: .v5)
        #expect(limits.qualityOfService == 0 && limits.maximumPacketSize == 4096)
        limits.forget()
        #expect(limits.qualityOfService == 1 && limits.maximumPacketSize == nil)
    }

    @Test func `MQTT 311 with QoS 2 has few messages in flight`() {
        var limits = limits(.exactlyOnce)
        limits.accepted(ConnectAcknowledgement(reasonCode: 0, isSessionPresent: false), version: .v311)
        #expect(limits.inFlight == 20)
        limits.accepted(ConnectAcknowledgement(reasonCode: 0, isSessionPresent: false), version: .v5)
        #expect(limits.inFlight == 64)
    }

    @Test func `At least one message may always be in flight`() {
        var limits = limits(inFlight: 0)
        #expect(limits.inFlight == 1)
        limits.accepted(
            ConnectAcknowledgement(reasonCode: 0, isSessionPresent: false, receiveMaximum: 0), version: .v5)
        #expect(limits.inFlight == 1)
    }
}

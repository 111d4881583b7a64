import Authentication
import BrokerLink
import ChargePointSessions
import OutsideNames
import Testing

@testable import Gateway

@Suite struct OwnClientIDTests {
    @Test func `A gateways client IDIs nobody elses`() {
        var broker = BrokerLinkConfiguration(clientID: "ocpp-gw")
        broker.connections = 3
        let clientIDs = OwnClientIDs(template: TopicTemplate("ocpp-${clientid}"), taken: broker.ownClientIDs)
        for identity: ChargePointIdentity in ["gw", "gw-2", "gw-3", "gateway-other", "gateway-"] {
            #expect(clientIDs.clientID(of: identity) == nil, "\(identity)")
        }
        for identity: ChargePointIdentity in ["gw-4", "gw-1", "GW", "CP1", "gateway", "${cid}", "a+b"] {
            #expect(clientIDs.clientID(of: identity) == ClientID("ocpp-\(identity)"))
        }
    }

    @Test func `A user name that is present must be the identity byte for byte`() {
        let rule = UserNameRule()
        #expect(rule.fault(of: nil, for: "CP1") == nil)
        #expect(rule.fault(of: "", for: "CP1") == nil)
        #expect(rule.fault(of: "CP1", for: "CP1") == nil)
        for other: UserName in ["cp1", "CP2", "CP1 "] { #expect(rule.fault(of: other, for: "CP1") != nil) }
        #expect(rule.fault(of: "CP\u{212A}", for: "CPK") != nil)
        #expect(UserNameRule(holds: false).fault(of: "CP2", for: "CP1") == nil)
    }
}

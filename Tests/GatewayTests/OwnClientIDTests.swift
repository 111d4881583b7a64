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
        let seen = SeenGateways()
        let clientIDs = OwnClientIDs(
            template: TopicTemplate("ocpp-${clientid}"), taken: broker.ownClientIDs, seen: seen)
        for identity: ChargePointIdentity in ["gw", "gw-2", "gw-3", "gateway-other", "gateway-"] {
            #expect(clientIDs.clientID(of: identity) == nil, "\(identity)")
        }
        for identity: ChargePointIdentity in ["gw-4", "gw-1", "GW", "CP1", "gateway", "${cid}", "a+b"] {
            #expect(clientIDs.clientID(of: identity) == ClientID("ocpp-\(identity)"))
        }
        // Another gateway's, once it is known, with those of its further connections.
        seen.insert("ocpp-CP1")
        for identity: ChargePointIdentity in ["CP1", "CP1-2", "CP1-31"] {
            #expect(clientIDs.clientID(of: identity) == nil, "\(identity)")
        }
        for identity: ChargePointIdentity in ["CP2", "CP1-", "CP1-x", "CP12", "CP1-2-x", "2"] {
            #expect(clientIDs.clientID(of: identity) == ClientID("ocpp-\(identity)"))
        }
    }

    @Test func `Of the gateways that were heard of the oldest are forgotten`() {
        let seen = SeenGateways()
        let isNews = (0...SeenGateways.most).map { seen.insert("gateway \($0)") }
        #expect(isNews.allSatisfy { $0 })
        #expect(!seen.contains("gateway 0") && seen.contains("gateway 1"))
        #expect(seen.contains("gateway \(SeenGateways.most)") && !seen.insert("gateway 1"))
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

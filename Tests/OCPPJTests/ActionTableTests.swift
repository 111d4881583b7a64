import Foundation
import OCPPJ
import Testing

/// Who may send what, held against the table of facts that the schemas are made from too.
@Suite struct ActionTableTests {
    struct Fact: Sendable {
        var version: OCPPVersion
        var action: String
        var sender: ActionSender
        var isSend: Bool
    }

    static let facts: [Fact] = {
        let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Schemas/facts/directions.tsv")
        let text = (try? String(contentsOf: file, encoding: .utf8)) ?? ""
        let senders: [String: ActionSender] = ["station": .chargePoint, "csms": .centralSystem, "both": .either]
        return text.split(separator: "\n").filter { !$0.hasPrefix("#") }.compactMap { line in
            let fields = line.split(separator: "\t").map(String.init)
            guard fields.count == 4, let version = OCPPVersion(rawValue: fields[0]), let sender = senders[fields[2]]
            else {
                return nil
            }
            return Fact(version: version, action: fields[1], sender: sender, isSend: fields[3] == "send")
        }
    }()

    @Test(arguments: OCPPVersion.allCases)
    func `Each version has its actions and no others`(version: OCPPVersion) {
        let facts = Self.facts.filter { $0.version == version }
        let count =
            switch version {
            case .v16: 39
            case .v201: 64
            case .v21: 91
            }
        #expect(facts.count == count)
        #expect(version.actions.actions == facts.map(\.action).sorted())
        for fact in facts {
            #expect(version.actions.sender(of: fact.action) == fact.sender, "\(fact.action)")
            #expect(version.actions.isSend(fact.action) == fact.isSend, "\(fact.action)")
        }
    }

    @Test func `A version's place in tables is its place among all`() {
        #expect(OCPPVersion.allCases.map(\.index) == Array(OCPPVersion.allCases.indices))
    }

    @Test(arguments: ["", "authorize", "AuthorizeRequest"])
    func `Other actions are not defined`(_ action: String) {
        for version in OCPPVersion.allCases { #expect(version.actions.sender(of: action) == nil) }
    }

    @Test func `A signed message is known by its ending from OCPP 2 on`() {
        #expect(OCPPVersion.v16.signedActionName("Reset-Signed") == nil)
        for version in [OCPPVersion.v201, .v21] {
            #expect(version.signedActionName("Reset-Signed") == "Reset")
            #expect(version.signedActionName("-Signed") == nil)
            #expect(version.signedActionName("Reset-signed") == nil)
            #expect(version.signedActionName("Reset") == nil)
        }
    }

    @Test(arguments: [("ocpp1.6", OCPPVersion.v16), ("ocpp2.0.1", .v201), ("ocpp2.1", .v21)])
    func `A version is negotiated by its subprotocol`(name: String, version: OCPPVersion) {
        #expect(OCPPVersion(subprotocol: name) == version)
        #expect(version.subprotocol == name)
    }

    @Test(arguments: ["ocpp2.0", "ocpp2.0.1.1", "OCPP1.6", "ocpp1.6 ", "", "ocpp"])
    func `Names that nobody supports are no versions`(name: String) {
        #expect(OCPPVersion(subprotocol: name) == nil)
    }
}

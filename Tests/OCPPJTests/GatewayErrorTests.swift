import NIOCore
import OCPPJ
import OutsideNames
import ReferenceJSON
import Testing

/// behaviour.md, "What a bad message gets"; relay-format.md, "Errors that the gateway itself reports upstream".
@Suite struct GatewayErrorTests {
    @Test func `A call error for the charge point`() {
        let error = GatewayError(uniqueID: "19", code: "FormationViolation", description: "Payload: not an object")
        #expect(String(buffer: error.frame()) == #"[4,"19","FormationViolation","Payload: not an object",{}]"#)
    }

    @Test func `A report for the backend`() {
        let error = GatewayError(uniqueID: "19", code: "GenericError", description: "")
        #expect(
            String(buffer: error.relay(reason: "queue_full", type: .call))
                == #"{"MessageTypeId":4,"UniqueId":"19","ErrorCode":"GenericError","ErrorDescription":"","#
                + #""ErrorDetails":{"source":"gateway","reason":"queue_full","type":2}}"#)
        #expect(
            String(buffer: error.relay(reason: "malformed", type: nil))
                .hasSuffix(#""ErrorDetails":{"source":"gateway","reason":"malformed"}}"#))
    }

    @Test func `A unique ID that could not be read is minus one`() {
        let error = GatewayError(uniqueID: nil, code: "FormationViolation", description: "not JSON")
        #expect(String(buffer: error.frame()) == #"[4,"-1","FormationViolation","not JSON",{}]"#)
        #expect(String(buffer: error.relay(reason: "malformed", type: nil)).contains(#""UniqueId":"-1""#))
    }

    /// Everything that a peer might smuggle into the texts.
    static let hostileTexts = [
        "\"", "\\", "\\\"", "\",\"x\":\"", "\"]", "\u{0}\u{1}\u{1F}\u{7F}", "\n\r\t\u{8}\u{C}", "é€😀\u{10FFFF}",
        "\u{2028}",
        "e\u{301}", "\u{FFFD}", "</script>", "\\u0041", "${jndi:x}", String(repeating: "\"", count: 255),
        String(repeating: "\u{0}", count: 255),
    ]

    @Test(arguments: hostileTexts)
    func `Hostile texts come out as they are`(text: String) throws {
        let error = GatewayError(uniqueID: UniqueID(text), code: text, description: text)
        let scalars = Array(text.unicodeScalars)
        let frame = try #require(ReferenceParser.read(Array(error.frame().readableBytesView)).value?.elements)
        #expect(frame.count == 5 && frame[1...3].allSatisfy { $0.scalars == scalars })
        #expect(frame[4].members?.isEmpty == true)

        let relay = try #require(
            ReferenceParser.read(Array(error.relay(reason: text, type: nil).readableBytesView)).value)
        #expect(
            relay.members?.map(\.key.text)
                == ["MessageTypeId", "UniqueId", "ErrorCode", "ErrorDescription", "ErrorDetails"])
        for key in ["UniqueId", "ErrorCode", "ErrorDescription"] { #expect(relay[key]?.scalars == scalars) }
        #expect(relay["ErrorDetails"]?["reason"]?.scalars == scalars)
    }

    @Test(arguments: hostileTexts)
    func `What the gateway writes it can read itself`(text: String) throws {
        // Up to the UniqueId's limit.
        let uniqueID = UniqueID(String(text.unicodeScalars.prefix(36)))
        let error = GatewayError(uniqueID: uniqueID, code: "GenericError", description: text)
        let relayed = try OCPPMessage.parse(
            relay: error.relay(reason: "expired", type: .call), version: .v16, limits: .checked)
        #expect(relayed.type == .callError && relayed.uniqueID == uniqueID)
        let framed = try OCPPMessage.parse(frame: error.frame(), version: .v16, limits: .checked)
        #expect(framed.type == .callError && framed.uniqueID == uniqueID)
    }

    @Test(arguments: ["x", "é", "😀", "e\u{301}", "\u{1F468}\u{200D}\u{1F469}", "\r\n"])
    func `A description is cut at 255 characters`(character: String) throws {
        let text = Array(String(repeating: character, count: 300).unicodeScalars)
        let error = GatewayError(uniqueID: "19", code: "GenericError", description: text.map(String.init).joined())
        let elements = try #require(ReferenceParser.read(Array(error.frame().readableBytesView)).value?.elements)
        #expect(elements[3].scalars == Array(text.prefix(255)))
        let exact = text.prefix(255).map(String.init).joined()
        #expect(
            GatewayError(uniqueID: "19", code: "E", description: exact).description.unicodeScalars.elementsEqual(
                exact.unicodeScalars))
    }

    @Test func `A string of bytes that are not UTF 8 is still JSON`() throws {
        var out = ByteBuffer()
        out.writeJSONString(ofText: buffer([0x61, 0xFF, 0x22, 0xC3]))
        #expect(ReferenceParser.read(Array(out.readableBytesView)).value?.text == "a\u{FFFD}\"\u{FFFD}")
    }
}

/// OCPP-J 1.6, 4.1.3 and table 7.
@Suite struct VersionTests {
    @Test func `The error codes are spelled as in version 16`() {
        let names = OCPPErrorCode.allCases.map { $0.name(in: .v16) }
        #expect(
            names == [
                "FormationViolation", "FormationViolation", "OccurenceConstraintViolation", "TypeConstraintViolation",
                "PropertyConstraintViolation", "NotImplemented", "NotSupported", "ProtocolError", "InternalError",
                "GenericError",
            ])
    }

    @Test func `A subprotocol names its version exactly`() {
        #expect(OCPPVersion(subprotocol: "ocpp1.6") == .v16 && OCPPVersion.v16.subprotocol == "ocpp1.6")
        for other in ["", "ocpp", "ocpp1.5", "OCPP1.6", "ocpp1.6 ", "ocpp1.6j", "1.6", "mqtt"] {
            #expect(OCPPVersion(subprotocol: other) == nil)
        }
    }
}

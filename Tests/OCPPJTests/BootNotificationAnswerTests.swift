import OCPPJ
import Testing

/// behaviour.md, "Liveness": the interval of an accepted BootNotification answer, as long as it is over 0.
@Suite struct BootNotificationAnswerTests {
    @Test(
        arguments: [
            (#"{"status":"Accepted","currentTime":"2025-01-01T00:00:00Z","interval":300}"#, 300),
            (#"{ "interval" : 1 , "\u0073tatus" : "\u0041ccepted" }"#, 1),
            (#"{"status":"Accepted","interval":3e2}"#, 300),
            (#"{"status":"Accepted","interval":0}"#, nil), (#"{"status":"Accepted","interval":-1}"#, nil),
            (#"{"status":"Accepted","interval":1e-9}"#, nil), (#"{"status":"Accepted","interval":1e999}"#, nil),
            (#"{"status":"Accepted","interval":"300"}"#, nil), (#"{"status":"Accepted","interval":null}"#, nil),
            (#"{"status":"Accepted"}"#, nil), (#"{"status":"Pending","interval":300}"#, nil),
            (#"{"status":"accepted","interval":300}"#, nil), (#"{"status":["Accepted"],"interval":300}"#, nil),
            (#"{"interval":300}"#, nil), ("{}", nil), ("null", nil),
            (#"{"a":{"status":"Accepted","interval":300}}"#, nil),
        ] as [(String, Double?)])
    func theIntervalOfAnAcceptedAnswerIsRead(payload: String, interval: Double?) throws {
        #expect(try parse(frame: "[3,\"1\",\(payload)]").acceptedHeartbeatInterval == interval)
        let relay = "{\"Payload\":\(payload),\"UniqueId\":\"1\",\"MessageTypeId\":3}"
        #expect(try parse(relay: relay).acceptedHeartbeatInterval == interval)
    }

    @Test func noOtherMessageHasOne() throws {
        let payload = #"{"status":"Accepted","interval":300}"#
        #expect(try parse(frame: "[2,\"1\",\"BootNotification\",\(payload)]").acceptedHeartbeatInterval == nil)
        #expect(try parse(frame: "[4,\"1\",\"E\",\"\",\(payload)]").acceptedHeartbeatInterval == nil)
    }
}

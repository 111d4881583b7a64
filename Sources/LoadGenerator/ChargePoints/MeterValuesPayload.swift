/// The payload of a MeterValues CALL (OCPP 1.6, 6.31) of a chosen size.
package enum MeterValuesPayload {
    private static let head =
        #"{"connectorId":1,"meterValue":[{"timestamp":"2026-01-01T00:00:00Z","sampledValue":["#
    private static let tail = "]}]}"
    private static let sample = #"{"value":"1042.5","measurand":"Power.Active.Import","unit":"W"},"#

    /// - Parameter bytes: its size; the smallest possible has about a hundred.
    package static func json(bytes: Int) -> String {
        let last = #"{"value":"\#("1")"}"#
        var text = head
        let fixed = last.utf8.count + tail.utf8.count
        while text.utf8.count + sample.utf8.count + fixed <= bytes { text += sample }
        let missing = max(0, bytes - text.utf8.count - fixed)
        return text + #"{"value":"\#(String(repeating: "1", count: 1 + missing))"}"# + tail
    }
}

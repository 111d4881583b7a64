import Testing

@testable import CallTracing

/// W3C Trace Context, "traceparent Header Field Values".
@Suite("Trace context")
struct TraceContextTests {
    private static let good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

    @Test func `It is read, and written as it was`() throws {
        let trace = try #require(TraceContext(traceparent: Self.good))
        #expect("\(trace.traceID)" == "0af7651916cd43dd8448eb211c80319c")
        #expect("\(trace.spanID)" == "b7ad6b7169203331")
        #expect(trace.isSampled)
        #expect(trace.traceparent == Self.good)
    }

    @Test(arguments: [("00", false), ("01", true), ("02", false), ("03", true), ("ff", true)])
    func `Of the flags the lowest bit counts`(flags: String, isSampled: Bool) {
        #expect(TraceContext(traceparent: Self.good.dropLast(2) + flags)?.isSampled == isSampled)
    }

    @Test func `Ids with leading zeros keep them`() throws {
        let text = "00-00000000000000000000000000000001-000000000000000a-00"
        #expect(TraceContext(traceparent: text)?.traceparent == text)
    }

    @Test(
        arguments: [
            "", "00", "-", good + "-", good + "0", String(good.dropLast()), " " + good, good + "\n",
            // Another version, none, upper case.
            "01" + good.dropFirst(2), "ff" + good.dropFirst(2), "0x" + good.dropFirst(2), good.uppercased(),
            // No trace, no span.
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            // A separator, a digit, a flag that is none.
            "00_0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319g-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b716920333 -01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0g",
            "00-0af7651916cd43dd8448eb211c8031９c-b7ad6b7169203331-01",
            String(repeating: "0", count: 1 << 20),
        ])
    func `Anything else is none`(text: String) {
        #expect(TraceContext(traceparent: text) == nil)
    }
}

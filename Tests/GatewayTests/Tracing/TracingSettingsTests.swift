import Testing

@testable import Gateway

@Suite("Configuration: traces")
struct TracingSettingsTests {
    @Test func `They are off, and one in a hundred is traced where they are on`() throws {
        let configuration = try load().configuration
        #expect(configuration.tracing.endpoint == nil)
        #expect(configuration.tracing.sampleRatio == 0.01)
        #expect(!configuration.broker.readsTraceParents)
        let on = try load(yaml: "tracing:\n  otlp_endpoint: http://127.0.0.1:4318\n  sample_ratio: 1").configuration
        #expect(on.tracing.endpoint?.url.port == 4318)
        #expect(on.tracing.sampleRatio == 1)
        #expect(on.broker.readsTraceParents)
        #expect(try load(["TRACING_OTLP_ENDPOINT": ""]).configuration.tracing.endpoint == nil)
    }

    @Test(
        arguments: [
            ("http://collector:4318", "/v1/traces"), ("http://collector:4318/", "/v1/traces"),
            ("http://collector:4318/v1/traces", "/v1/traces"), ("http://collector:4318/v1/traces/", "/v1/traces"),
            ("https://collector/otlp", "/otlp/v1/traces"), ("http://[::1]:4318", "/v1/traces"),
        ])
    func `The path for traces is added where it is not there`(text: String, target: String) throws {
        let loaded = try load(["TRACING_OTLP_ENDPOINT": text])
        #expect(loaded.configuration.tracing.endpoint?.url.target == target)
        #expect(loaded.effectiveText.contains("tracing.otlp_endpoint: \"\(text)\""))
    }

    @Test(
        arguments: [
            "collector:4318", "grpc://collector:4317", "http://", "http://collector:0", "http://collector?key=1",
            "http://collector/#a", "http://collector /v1",
        ])
    func `What is no address of a collector is refused`(text: String) {
        #expect(problems(["TRACING_OTLP_ENDPOINT": text]).contains { $0.contains("expected an http or https URL") })
    }

    @Test func `A password in it is refused, and not shown`() {
        let problems = problems(["TRACING_OTLP_ENDPOINT": "http://user:geheim@collector:4318"])
        #expect(problems.contains { $0.contains("without user, password") })
        #expect(!problems.contains { $0.contains("geheim") })
    }

    @Test(arguments: ["1.1", "-0.1", "nan", "inf", "0x1", "1e-3", "1,5", "half", ".", "0.000000000000000000000000001"])
    func `What is no share is refused`(text: String) {
        #expect(problems(["TRACING_SAMPLE_RATIO": text]).contains { $0.contains("expected a number of 0 to 1") })
    }
}

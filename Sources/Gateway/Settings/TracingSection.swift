import Settings

/// `tracing.*`.
package struct TracingSettings: Sendable, Equatable {
    /// Nil: off.
    package var endpoint: CollectorURL?
    /// Of handshakes and CALLs that nobody has begun a trace of.
    package var sampleRatio = 0.01

    package init() {}

    init(_ read: inout SettingsReader) {
        self.init()
        read.section("Traces", applies: .afterRestart)
        endpoint = read.optional(
            "tracing.otlp_endpoint", .collectorURL,
            help: "collector of traces by OTLP over HTTP, such as http://127.0.0.1:4318; empty: off")
        sampleRatio = read(
            "tracing.sample_ratio", .ratio, default: sampleRatio, applies: .atOnce,
            help: "share of handshakes and CALLs that are traced")
    }
}

extension SettingSyntax where Value == CollectorURL {
    fileprivate static var collectorURL: Self {
        Self(
            format: \.text, shown: { $0.utf8.contains(UInt8(ascii: "@")) ? SettingProblem.hidden : $0 },
            parse: { text throws(SettingFlaw) in
                guard let url = CollectorURL(text.trimmed) else {
                    throw SettingFlaw("expected an http or https URL without user, password and query")
                }
                return url
            })
    }
}

extension SettingSyntax where Value == Double {
    /// 0 to 1.
    fileprivate static var ratio: Self {
        Self(format: \.description) { text throws(SettingFlaw) in
            let text = text.trimmed
            // `Double` would take nan and hexadecimal digits.
            guard (1...20).contains(text.utf8.count), text.utf8.allSatisfy({ "0123456789.".utf8.contains($0) }),
                let ratio = Double(text), (0...1).contains(ratio)
            else { throw SettingFlaw("expected a number of 0 to 1, such as 0.01") }
            return ratio
        }
    }
}

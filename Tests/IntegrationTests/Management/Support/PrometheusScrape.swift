import TestSupport

/// Prometheus text 0.0.4 as a test reads it: strictly, so that it fails for what a scraper would refuse.
struct PrometheusScrape: Sendable {
    struct Sample: Sendable {
        var name: String
        var labels: [String: String]
        var value: Double
    }

    struct Family: Sendable {
        var type: String
        var help: String
        var samples: [Sample] = []

        /// Counts of buckets only grow, and the last is the count.
        func checkBuckets() throws {
            let series = Dictionary(grouping: samples.filter { $0.labels["le"] != nil }) { sample in
                sample.labels.filter { $0.key != "le" }
            }
            for (labels, buckets) in series {
                let counts = buckets.map(\.value)
                let count = samples.first { $0.name.hasSuffix("_count") && $0.labels == labels }?.value
                guard counts == counts.sorted(), buckets.last?.labels["le"] == "+Inf", counts.last == count else {
                    throw Failure("odd buckets: \(buckets)")
                }
            }
        }
    }

    let text: String
    private(set) var families: [String: Family] = [:]

    init(_ text: String) throws {
        self.text = text
        var family = ""
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ", maxSplits: 3).map(String.init)
            if line.hasPrefix("# HELP ") {
                guard families[words[2]] == nil else { throw Failure("\(words[2]) comes twice") }
                families[words[2]] = Family(type: "", help: words.count > 3 ? words[3] : "")
            } else if line.hasPrefix("# TYPE ") {
                family = words[2]
                families[family]?.type = words[3]
            } else {
                let sample = try Self.sample(line)
                guard sample.name.hasPrefix(family) else { throw Failure("\(line) lies in \(family)") }
                families[family]?.samples.append(sample)
            }
        }
    }

    /// The one sample of this name that has these labels, among others.
    func value(_ name: String, _ labels: [String: String] = [:]) -> Double? {
        families.values.lazy.flatMap(\.samples).first { sample in
            sample.name == name && labels.allSatisfy { sample.labels[$0.key] == $0.value }
        }?.value
    }

    private static func sample(_ line: Substring) throws -> Sample {
        guard let match = line.wholeMatch(of: /([a-z_]+)(\{(.*)\})? ([-+.eE0-9a-zA-Z]+)/),
            let value = Double(match.output.4 == "+Inf" ? "inf" : match.output.4)
        else { throw Failure("no sample: \(line)") }
        var labels: [String: String] = [:]
        for label in (match.output.3 ?? "").matches(of: /([a-z_]+)="((?:[^"\\]|\\.)*)"/) {
            labels[String(label.output.1)] = String(label.output.2)
        }
        return Sample(name: String(match.output.1), labels: labels, value: value)
    }
}

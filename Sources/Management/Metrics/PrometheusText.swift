import Counters
import NIOCore

/// Prometheus' text format, 0.0.4.
package struct PrometheusText {
    package static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    package private(set) var bytes = ByteBuffer()

    package init() {}

    package mutating func write(_ family: MetricFamily) {
        bytes.writeString("# HELP \(family.name) \(Self.escapedHelp(family.help))\n")
        bytes.writeString("# TYPE \(family.name) \(family.kind.rawValue)\n")
        for sample in family.samples {
            switch sample.value {
            case .number(let value): line(family.name, sample.labels, value)
            case .distribution(let snapshot): write(snapshot, of: family.name, sample.labels)
            }
        }
    }

    private mutating func write(
        _ snapshot: DurationHistogram.Snapshot, of name: String, _ labels: [(name: String, value: String)]
    ) {
        for bucket in snapshot.buckets {
            line(name + "_bucket", labels + [("le", Self.text(bucket.bound))], Double(bucket.count))
        }
        line(name + "_bucket", labels + [("le", "+Inf")], Double(snapshot.count))
        line(name + "_sum", labels, snapshot.sum)
        line(name + "_count", labels, Double(snapshot.count))
    }

    private mutating func line(_ name: String, _ labels: [(name: String, value: String)], _ value: Double) {
        bytes.writeString(name)
        if !labels.isEmpty {
            let pairs = labels.map { "\($0.name)=\"\(Self.escapedLabel($0.value))\"" }
            bytes.writeString("{\(pairs.joined(separator: ","))}")
        }
        bytes.writeString(" \(Self.text(value))\n")
    }

    /// Whole numbers without a fraction, as everybody writes them.
    private static func text(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value > 0 ? "+Inf" : "-Inf" }
        if value == value.rounded(), abs(value) < 1e15 { return String(Int64(value)) }
        return String(value)
    }

    private static func escapedLabel(_ text: String) -> String {
        escaped(text, quotes: true)
    }

    private static func escapedHelp(_ text: String) -> String {
        escaped(text, quotes: false)
    }

    private static func escaped(_ text: String, quotes: Bool) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": escaped += "\\\\"
            case "\n": escaped += "\\n"
            case "\"" where quotes: escaped += "\\\""
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}

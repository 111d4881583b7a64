import Counters

/// One metric with its samples of one moment.
package struct MetricFamily: Sendable {
    /// With its prefix.
    package var name: String
    package var kind: GatewayMetric.Kind
    package var help: String
    package var samples: [MetricSample]

    /// One of ours. Each sample has the values of the metric's labels, in their order.
    package init(_ metric: GatewayMetric, _ samples: [MetricSample]) {
        name = "ocpp_gateway_" + metric.rawValue
        kind = metric.kind
        help = metric.help
        self.samples = samples.map { sample in
            var sample = sample
            sample.labels = Array(zip(metric.labels, sample.labels.map(\.value)))
            return sample
        }
    }

    /// One that is called the same everywhere.
    init(unprefixed name: String, _ kind: GatewayMetric.Kind, _ help: String, _ value: Double) {
        self.name = name
        self.kind = kind
        self.help = help
        samples = [MetricSample([], value)]
    }
}

package struct MetricSample: Sendable {
    package enum Value: Sendable {
        case number(Double)
        case distribution(DurationHistogram.Snapshot)
    }

    var labels: [(name: String, value: String)]
    package var value: Value

    /// - Parameter labels: The values, in the order of the metric's labels.
    package init(_ labels: [String] = [], _ value: Double) {
        self.init(labels, .number(value))
    }

    package init(_ labels: [String] = [], _ value: Int) {
        self.init(labels, .number(Double(value)))
    }

    package init(_ labels: [String] = [], _ value: DurationHistogram.Snapshot) {
        self.init(labels, .distribution(value))
    }

    private init(_ labels: [String], _ value: Value) {
        self.labels = labels.map { (name: "", value: $0) }
        self.value = value
    }
}

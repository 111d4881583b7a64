/// The gateway's numbers (`GET /metrics`).
package protocol MetricOperations: Sendable {
    /// The families of ``GatewayMetric`` that the gateway counts; `info`, `start_time_seconds`,
    /// `management_requests_total` and the process's own are added by management.
    func metrics() async -> [MetricFamily]
}

/// Prometheus metrics, here and where EMQX has them.
enum MetricsRoutes {
    static func routes(_ operations: any GatewayOperations, _ requests: RequestCount) -> [Route] {
        let metrics: Route.Handler = { _ in
            var text = PrometheusText()
            text.write(MetricFamily(.info, [MetricSample([operations.gatewayVersion, operations.gatewayID], 1)]))
            text.write(
                MetricFamily(
                    .buildInfo, [MetricSample([operations.gatewayVersion, operations.gatewayCommit ?? ""], 1)]))
            let started = await operations.gatewaySummary().createdAt.millisecondsSince1970
            text.write(MetricFamily(.startTime, [MetricSample([], Double(started) / 1000)]))
            for family in await operations.metrics() { text.write(family) }
            text.write(MetricFamily(.managementRequests, [MetricSample([], requests.value)]))
            for family in ProcessMetrics.families() { text.write(family) }
            return .bytes(text.bytes, type: PrometheusText.contentType)
        }
        return [
            Route(.get, "/metrics", .metrics, metrics), Route(.get, "/api/v5/prometheus/stats", .metrics, metrics),
        ]
    }
}

import NIOCore

/// All families of routes, put together.
enum ManagementRoutes {
    static func table(
        _ operations: any GatewayOperations, limits: ManagementConfiguration.Limits, traces: TraceStore?,
        page: (any ManagementPage)?, requests: RequestCount
    ) -> RouteTable {
        let directory = ClientDirectory(operations)
        let streams = Permits(limits.streams)
        return RouteTable(
            HealthRoutes.routes(operations),
            MetricsRoutes.routes(operations, requests),
            DocumentRoutes.routes(page),
            GatewayRoutes.routes(operations),
            ListenerRoutes.routes(operations),
            AuthenticationRoutes.routes(operations),
            UserRoutes.routes(operations, directory),
            ClientRoutes.routes(operations, directory),
            CallRoutes.routes(operations, directory),
            StreamRoutes.routes(operations, directory, streams),
            ConfigurationRoutes.routes(operations),
            TraceRoutes.routes(traces))
    }
}

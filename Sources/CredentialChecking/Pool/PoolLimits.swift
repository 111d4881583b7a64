/// How many connections a pool opens, and how long it waits for what.
package struct PoolLimits: Sendable, Equatable {
    /// Connections at most, each with a thread (`pool_size`). As many threads more may hang in a call that does not
    /// return; they have been let go of.
    package var size: Int
    /// For one server, from its name to the log-in (`connect_timeout`).
    package var connectTimeout: Duration
    /// For one question (`query_timeout`).
    package var queryTimeout: Duration
    /// After so long without a question a connection is pinged.
    package var pingInterval: Duration

    package init(
        size: Int = 8, connectTimeout: Duration = .seconds(5), queryTimeout: Duration = .seconds(5),
        pingInterval: Duration = .seconds(30)
    ) {
        self.size = size
        self.connectTimeout = connectTimeout
        self.queryTimeout = queryTimeout
        self.pingInterval = pingInterval
    }

    /// What `pool_size`, `connect_timeout` and `query_timeout` may be.
    package var problems: [BackendProblem] {
        var problems: [BackendProblem] = []
        if !(1...1024).contains(size) { problems.append(BackendProblem("pool_size", "expected 1 to 1024")) }
        for (key, time) in [("connect_timeout", connectTimeout), ("query_timeout", queryTimeout)]
        where !(.milliseconds(1) ... .seconds(3600)).contains(time) {
            problems.append(BackendProblem(key, "expected 1ms to 1h"))
        }
        return problems
    }
}

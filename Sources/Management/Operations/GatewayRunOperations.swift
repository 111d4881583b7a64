/// The gateway as a whole: `/gateways` and `/gateways/ocpp`.
package protocol GatewayRunOperations: Sendable {
    func gatewaySummary() async -> GatewaySummary

    /// The keys that EMQX has in its `gateway.ocpp`, nested, all filled in; without `listeners` and `authentication`.
    /// Secrets as ``HiddenSecrets/mark``.
    func gatewaySettings() async -> JSON

    /// `PUT /gateways/ocpp`: members that are given change, `null` takes a key back to file or default, others stay.
    /// `listeners` adds or changes those named, as `{"ws":{"default":{…}}}` or as a list with `type` and `name`.
    /// Checked, written, applied, or nothing.
    func changeGateway(_ change: JSON) async throws(OperationFailure)

    /// False: listeners stop, sessions are closed with 1001, the broker link stays. Returns when that has been done.
    func setGateway(enabled: Bool) async throws(OperationFailure)
}

package struct GatewaySummary: Sendable, Equatable {
    package var isRunning: Bool
    package var createdAt: Timestamp
    /// Nil: stopped.
    package var startedAt: Timestamp?
    package var stoppedAt: Timestamp?
    /// Of all listeners together.
    package var maximumConnections: Int
    package var currentConnections: Int

    package init(
        isRunning: Bool, createdAt: Timestamp, startedAt: Timestamp?, stoppedAt: Timestamp? = nil,
        maximumConnections: Int, currentConnections: Int
    ) {
        self.isRunning = isRunning
        self.createdAt = createdAt
        self.startedAt = startedAt
        self.stoppedAt = stoppedAt
        self.maximumConnections = maximumConnections
        self.currentConnections = currentConnections
    }
}

/// Listeners at run time. An id is `ocpp:ws:default`.
package protocol ListenerOperations: Sendable {
    func listeners() async -> [ListenerSummary]

    /// `POST …/listeners`: `type`, `name` and the listener's keys, nested. A name or an address that is taken is refused.
    func addListener(_ settings: JSON) async throws(OperationFailure) -> ListenerSummary

    /// The members that are given change (`null`: back to file or default), others stay. It is opened anew before the
    /// old one is closed, and its sessions stay. A secret that is ``HiddenSecrets/mark`` is unchanged.
    func changeListener(_ id: ListenerID, to settings: JSON) async throws(OperationFailure) -> ListenerSummary

    /// Its sessions are closed, 1001, spread as in a drain.
    func deleteListener(_ id: ListenerID) async throws(OperationFailure)

    /// `stop` closes its sessions as `deleteListener` does. Starting one that runs, or stopping one that does not, is
    /// no fault.
    func control(_ id: ListenerID, _ command: ListenerCommand) async throws(OperationFailure)
}

package enum ListenerCommand: String, Sendable, CaseIterable {
    case start, stop, restart
}

/// `ocpp:ws:default`.
package struct ListenerID: Sendable, Hashable, CustomStringConvertible {
    /// `ws` or `wss`.
    package var type: String
    package var name: String

    package init(type: String, name: String) {
        self.type = type
        self.name = name
    }

    /// Nil: not the id of a listener of this gateway, whatever its name.
    package init?(_ text: String) {
        let parts = text.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0] == "ocpp", parts[1] == "ws" || parts[1] == "wss", !parts[2].isEmpty else {
            return nil
        }
        self.init(type: String(parts[1]), name: String(parts[2]))
    }

    package var description: String { "ocpp:\(type):\(name)" }
}

package struct ListenerSummary: Sendable, Equatable {
    package var id: ListenerID
    /// Its keys, nested, all filled in (`bind`, `max_connections`, `websocket`, …); secrets as ``HiddenSecrets/mark``.
    package var settings: JSON
    package var isRunning: Bool
    package var maximumConnections: Int
    package var currentConnections: Int

    package init(
        id: ListenerID, settings: JSON, isRunning: Bool, maximumConnections: Int, currentConnections: Int
    ) {
        self.id = id
        self.settings = settings
        self.isRunning = isRunning
        self.maximumConnections = maximumConnections
        self.currentConnections = currentConnections
    }
}

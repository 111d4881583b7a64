import NIOCore
import OutsideNames

/// What an MQTT connection says in its CONNECT: a charge point's own (`broker.sessions: per_charge_point`), or a shared
/// one's.
package struct BrokerLogin: Sendable {
    package var clientID: ClientID
    package var username: UserName?
    package var password: String?
    /// Published by the broker when this connection is lost without a goodbye.
    package var will: BrokerLinkConfiguration.Will?

    package init(
        clientID: ClientID, username: UserName? = nil, password: String? = nil,
        will: BrokerLinkConfiguration.Will? = nil
    ) {
        self.clientID = clientID
        self.username = username
        self.password = password
        self.will = will
    }
}

// A password must not get into a log or a debugger's dump.
extension BrokerLogin: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "login of \(clientID)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: ["clientID": clientID]) }
}

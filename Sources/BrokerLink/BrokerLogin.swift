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

/// What the broker says to a charge point's login; the reasons are for the log and the charge point.
package enum BrokerLoginResult: Sendable {
    case accepted(BrokerConnection)
    /// These credentials, or this client id, will not be accepted however often they are tried.
    case refused(reason: String)
    /// The broker cannot be reached, or takes nobody now.
    case unavailable(reason: String)
}

/// Why a charge point's own MQTT connection has ended for good, while its session lives.
package enum BrokerConnectionEnd: Sendable, Equatable {
    /// Another client connected with the same client id (MQTT 5, 3.1.4).
    case takenOver
    /// The broker ended it on purpose, or does not accept the credentials any more.
    case closedByBroker(reason: String)
}

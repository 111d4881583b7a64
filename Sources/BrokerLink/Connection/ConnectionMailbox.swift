import NIOCore
import OutsideNames

/// What the callers of one connection have for the broker thread.
struct ConnectionMailbox {
    enum Command {
        case subscribe(topic: Topic, subscriber: any BrokerSubscriber, announcement: BrokerPublish?)
        case unsubscribe(topic: Topic, subscriber: any BrokerSubscriber)
        case discard(topic: Topic, companion: Topic?)
        /// What this origin published is not to be sent again.
        case forget(subscriber: any BrokerSubscriber, token: String)
        /// Of a charge point's own connection: the first and the last.
        case logIn(EventLoopPromise<BrokerLoginResult>)
        case close
    }

    var publishes: [BrokerPublish] = []
    var commands: [Command] = []
    /// Nothing more is taken.
    var isClosed = false
    /// Why a charge point's own connection has ended.
    var end: BrokerConnectionEnd?
    /// The thread has been told that there is mail.
    var isAnnounced = false

    var isEmpty: Bool { publishes.isEmpty && commands.isEmpty }
}

import NIOCore

/// What a connection to the broker is for. `BrokerClient` does what all of them have in common, and asks its role where
/// they differ: `SharedRole` or `ChargePointRole`. All calls come on the broker thread.
protocol ConnectionRole: AnyObject {
    // MARK: What it is made with

    /// QoS 1 and 2 messages that the broker may have unacknowledged; libmosquitto searches them one by one.
    var receiveMaximum: Int { get }
    /// How often the connection is looked after when nothing happens.
    var tickInterval: TimeAmount { get }
    /// Until its first attempt.
    var firstPause: ConnectionState.Pause { get }
    /// For the log, where the connection's number does not say whose it is.
    var loggedClientID: String? { get }

    // MARK: What the callers want

    /// The broker's word on a charge point is awaited.
    func logIn(_ answer: EventLoopPromise<BrokerLoginResult>, _ client: BrokerClient)
    /// A subscription has come.
    func subscribed(_ subscriber: any BrokerSubscriber, _ client: BrokerClient)
    /// The session has ended, or does not come.
    func leave(_ client: BrokerClient, _ now: NIODeadline)

    // MARK: Connecting

    /// It is time for an attempt.
    func attempt(_ client: BrokerClient, _ now: NIODeadline)
    /// An attempt finds no address of the broker's: whose turn it is has not been looked up.
    func findAddress(_ client: BrokerClient, _ now: NIODeadline)
    /// What the next CONNECT says.
    func login(_ client: BrokerClient) -> BrokerLogin
    func tlsContext(for host: String, _ client: BrokerClient) throws(MosquittoSetUpError) -> BrokerTLSContext
    /// What an earlier connection with this client id received, if there was one.
    func earlierRedeliveries(_ client: BrokerClient) -> RedeliveryFilter?
    func accepted(_ acknowledgement: ConnectAcknowledgement, _ client: BrokerClient, _ now: NIODeadline)
    /// The broker neither took nor refused MQTT 5.
    func versionUnanswered(_ client: BrokerClient)
    /// CONNACK said no. The state is down by now.
    func refused(_ refusal: ConnectAcknowledgement, _ client: BrokerClient, _ now: NIODeadline)
    /// An attempt came to nothing. The state is down by now.
    func attemptFailed(_ reason: String, _ client: BrokerClient, _ now: NIODeadline)

    // MARK: While it is up, and after

    /// True: it is kept for a subscriber that is still to come.
    func holds(_ message: BrokerMessage, _ client: BrokerClient) -> Bool
    /// The state is down by now, and what was on its way is seen to.
    func lost(_ loss: ConnectionState.Loss, _ client: BrokerClient, _ now: NIODeadline)
    /// At the end of each round: whether it is over.
    func worked(_ client: BrokerClient, _ now: NIODeadline)
    /// Every `tickInterval`.
    func ticked(_ client: BrokerClient)
    /// When `worked` has something to see that no event tells.
    func nextCheck(_ now: NIODeadline) -> NIODeadline
}

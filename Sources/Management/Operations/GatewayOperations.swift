import Authentication

/// All that management asks of the gateway and tells it to do; the only thing that it knows of it.
///
/// Everything here is called on the management thread. An implementation gathers what it is asked for without holding
/// up an event loop of the charge points for longer than a turn, and never waits for management: what is watched is
/// pushed into a sink that returns at once.
package protocol GatewayOperations: HealthOperations, MetricOperations, GatewayRunOperations, ListenerOperations,
    ClientOperations, WatchOperations, AuthenticatorOperations, SettingOperations
{
    /// `broker.client_id`: what answers call `node`.
    var gatewayID: String { get }
    var gatewayVersion: String { get }
    /// That it was built from; nil: not known.
    var gatewayCommit: String? { get }
    /// The users of the built-in database; nil: no authenticator, or its backend keeps them elsewhere.
    ///
    /// They are there while the authenticator is switched off, too.
    ///
    /// - Throws: The database cannot be used.
    var users: (any UserStore)? { get async throws(UserStoreFailure) }
}

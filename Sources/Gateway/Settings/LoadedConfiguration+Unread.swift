import OutsideNames
import Settings
import WebSocketFrontEnd

/// What is wrong without a change as well, such as a file that has gone since it was read, is no reason to refuse the
/// change: where it leaves that part of the configuration alone, the part stays as it is.
extension LoadedConfiguration {
    /// Takes over, from the configuration in effect, what could not be read of this one.
    ///
    /// - Returns: The problems that are not the change's.
    mutating func takeOver(
        _ problems: [SettingProblem], of current: LoadedConfiguration,
        leavingAlone differences: [ConfigurationChange.Difference]
    ) -> [SettingProblem] {
        let today = Self.read(current.layers).problems
        return problems.filter { problem in
            guard let key = problem.key, today.contains(problem),
                !differences.contains(where: { $0.key.hasSameBytes(as: key) || $0.isOfAuthentication(like: key) })
            else { return false }
            return configuration.takeOver(key, of: current.configuration)
        }
    }
}

extension ConfigurationChange.Difference {
    /// Of any such difference another authenticator is made.
    fileprivate func isOfAuthentication(like other: String) -> Bool {
        key.hasPrefix(authenticationPrefix) && other.hasPrefix(authenticationPrefix)
    }
}

private let authenticationPrefix = "authentication."

extension GatewayConfiguration {
    /// - Returns: False: the part that the key is of is another one, not only in what could not be read; or it is none of
    ///   those in which files are read.
    fileprivate mutating func takeOver(_ key: String, of current: GatewayConfiguration) -> Bool {
        if key.hasPrefix("listeners.") { return takeOverListener(key, of: current) }
        var read = self
        if key.hasPrefix(authenticationPrefix) {
            read.authentication.password = current.authentication.password
            read.authentication.tls.keyPassword = current.authentication.tls.keyPassword
            guard read.authentication == current.authentication else { return false }
            authentication = current.authentication
        } else if key.hasPrefix("broker.") {
            read.broker.password = current.broker.password
            read.broker.passwordFile = current.broker.passwordFile
            read.broker.tls.keyPassword = current.broker.tls.keyPassword
            guard read.broker == current.broker else { return false }
            (broker, brokerFiles) = (current.broker, current.brokerFiles)
        } else if key.hasPrefix("management.") {
            read.management.apiKey = current.management.apiKey
            read.management.apiSecret = current.management.apiSecret
            guard read.management == current.management else { return false }
            management = current.management
        } else if key.hasSameBytes(as: "json_schema_dir") {
            guard formatChecking.isSetUp(like: current.formatChecking) else { return false }
            formatChecking = current.formatChecking
        } else {
            return false
        }
        return true
    }

    /// A listener that is another one is opened anew, with all of its files.
    private mutating func takeOverListener(_ key: String, of current: GatewayConfiguration) -> Bool {
        guard
            let now = current.listeners.map(\.configuration).first(where: {
                key.hasPrefix("listeners.\($0.id.scheme.rawValue).\($0.id.name).")
            }), let place = listeners.firstIndex(where: { $0.configuration.id == now.id })
        else { return false }
        var read = listeners[place].configuration
        read.tls?.keyPassword = now.tls?.keyPassword
        guard read == now else { return false }
        listeners[place].configuration = now
        return true
    }
}

import Glibc

/// A configuration that has been read and checked, with what the operator should know about it.
package struct LoadedConfiguration: Sendable {
    package var configuration: GatewayConfiguration
    /// Surprising, but no reason not to start.
    package var warnings: [ConfigurationProblem]
    /// Every setting with its value and source, secrets hidden; valid as a `CONFIG_FILE` again.
    package var effectiveText: String

    /// Reads the environment and the file that its `CONFIG_FILE` names.
    ///
    /// - Throws: every problem there is.
    package init(environment: [String: String], hostName: String = Self.hostName) throws(InvalidConfiguration) {
        let path = environment["CONFIG_FILE"] ?? ""
        try self.init(
            environment: environment, file: path.isEmpty ? ConfigurationFile() : ConfigurationFile(path: path),
            hostName: hostName)
    }

    init(
        environment: [String: String], file: ConfigurationFile, hostName: String = "host"
    ) throws(InvalidConfiguration) {
        var settings = ConfigurationSettings(environment: environment, file: file)
        var problems = file.problems

        let listeners = ListenerList(settings.read(.listeners), file: file)
        problems += listeners.problems
        for key in ConfigurationKey.all {
            switch key.scope {
            case .gateway: settings.read(key)
            case .listener: for listener in listeners.names { settings.read(key, for: listener) }
            }
        }
        let all = settings.names.compactMap { settings[$0] }
        problems += all.compactMap(\.problem)
        var warnings = all.compactMap(\.warning)

        let unknown = UnknownNames(settings: settings, listeners: listeners.names)
        problems += unknown.inFile
        let unknownVariables = unknown.inEnvironment(environment)
        problems += unknownVariables.problems
        warnings += unknownVariables.warnings

        var assembly = ConfigurationAssembly(settings: settings, hostName: hostName)
        configuration = assembly.gateway(listeners: listeners.names)
        problems += assembly.problems
        warnings += assembly.warnings
        guard problems.isEmpty else {
            throw InvalidConfiguration(
                problems: problems, warnings: warnings, logFormat: configuration.logs.format)
        }
        self.warnings = warnings
        effectiveText =
            EffectiveConfiguration(
                settings: settings, listeners: listeners.names, gatewayID: configuration.gatewayID.text
            ).text
    }

    /// The name of this machine.
    package static var hostName: String {
        var buffer = [CChar](repeating: 0, count: 256)
        guard gethostname(&buffer, buffer.count - 1) == 0 else { return "unknown" }
        let bytes = buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        return bytes.isEmpty ? "unknown" : String(decoding: bytes, as: UTF8.self)
    }
}

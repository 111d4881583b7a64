import BoundedFiles
import Glibc
import Settings

/// A configuration that has been read and checked, with what the operator should know about it.
package struct LoadedConfiguration: Sendable {
    package var configuration: GatewayConfiguration
    /// Surprising, but no reason not to start.
    package var warnings: [SettingProblem]
    /// Every setting with its value and source, in the table's order.
    package var readings: [SettingReading]
    let layers: ConfigurationLayers

    /// Every setting with its value and source, secrets hidden; valid as a `CONFIG_FILE` again.
    package var effectiveText: String { SettingsDocument.effective(readings) }

    /// Reads the environment, the file that its `CONFIG_FILE` names, and the changes that were made over the API.
    ///
    /// - Throws: every problem there is.
    package init(environment: [String: String], hostName: String = Self.hostName) throws(InvalidConfiguration) {
        let path = environment["CONFIG_FILE"] ?? ""
        let file = path.isEmpty ? ConfigurationFile() : ConfigurationFile(path: path)
        let layers = ConfigurationLayers(environment: environment, file: file, hostName: hostName)
        let changes = ChangesFile(directory: DataDirectory.path(in: layers.inOrder)).load()
        try self.init(layers, changes)
    }

    init(
        environment: [String: String], file: ConfigurationFile, hostName: String = "host"
    ) throws(InvalidConfiguration) {
        try self.init(ConfigurationLayers(environment: environment, file: file, hostName: hostName))
    }

    /// - Throws: every problem there is.
    init(_ layers: ConfigurationLayers) throws(InvalidConfiguration) {
        var read = SettingsReader(layers.inOrder, readFile: BoundedFile.reader)
        let configuration = GatewayConfiguration(&read, hostName: layers.hostName)
        let problems = layers.file.problems + read.problems
        guard problems.isEmpty else {
            throw InvalidConfiguration(
                problems: problems, warnings: read.warnings, logFormat: configuration.logs.format)
        }
        self.configuration = configuration
        self.layers = layers
        warnings = read.warnings
        readings = read.readings
    }

    /// With the first of these changes that makes a good configuration; those that do not are warnings.
    private init(_ layers: ConfigurationLayers, _ states: [ChangesFile.State]) throws(InvalidConfiguration) {
        var layers = layers
        var warnings: [SettingProblem] = []
        for state in states {
            guard let changes = state.changes else {
                warnings += state.problems
                continue
            }
            do throws(InvalidConfiguration) {
                layers.changes = changes
                try self.init(layers)
                self.warnings = warnings + self.warnings
                if !warnings.isEmpty || state.isEarlier {
                    self.warnings.append(SettingProblem(expectation: "goes on with \(state.description)"))
                }
                return
            } catch {
                warnings += error.problems.map {
                    SettingProblem(expectation: "\(state.description) cannot be used: \($0)")
                }
            }
        }
        // What is wrong without any change is what there is to mend.
        layers.changes = SettingsTree(isChange: true)
        try self.init(layers)
        self.warnings = warnings + self.warnings
        if !warnings.isEmpty {
            self.warnings.append(SettingProblem(expectation: "goes on without any change made over the API"))
        }
    }

    /// Every setting there is, with its default: for help and documentation.
    package static let table: [SettingReading] = SettingsReader.table {
        _ = GatewayConfiguration(&$0, hostName: "host")
    }

    /// What `--help-config` shows.
    package static var help: String { SettingsDocument.help(table) }

    /// The name of this machine.
    package static var hostName: String {
        var buffer = [CChar](repeating: 0, count: 256)
        guard gethostname(&buffer, buffer.count - 1) == 0 else { return "unknown" }
        let bytes = buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        return bytes.isEmpty ? "unknown" : String(decoding: bytes, as: UTF8.self)
    }
}

/// The configuration cannot be used; every problem, not just the first.
package struct InvalidConfiguration: Error, Sendable, CustomStringConvertible {
    package var problems: [SettingProblem]
    package var warnings: [SettingProblem]
    /// How the problems are to be written: `log.format`, if that is one.
    package var logFormat: LogFormat

    package var description: String { problems.map(\.description).joined(separator: "\n") }
}

/// Where settings come from.
struct ConfigurationLayers: Sendable, CustomReflectable {
    let environment: [String: String]
    let file: ConfigurationFile
    var changes = SettingsTree(isChange: true)
    let hostName: String

    init(environment: [String: String], file: ConfigurationFile, hostName: String) {
        self.environment = environment
        self.file = file
        self.hostName = hostName
    }

    /// Nothing of it is for a dump: secrets are in there as they were given.
    var customMirror: Mirror { Mirror(self, children: [:]) }

    /// As they count.
    var inOrder: [any SettingsLayer] { [EnvironmentLayer(environment), changes, file.tree] }
}

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

    /// Reads the environment, the file that its `CONFIG_FILE` names, and the changes that were made over the API. Changes
    /// that cannot be used are passed over only where that lets nobody in that they keep out.
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
        let (loaded, problems) = Self.read(layers)
        guard problems.isEmpty else {
            throw InvalidConfiguration(
                problems: problems, warnings: loaded.warnings, logFormat: loaded.configuration.logs.format)
        }
        self = loaded
    }

    /// As far as it can be read: in the place of what is wrong there is a default, or nothing.
    static func read(_ layers: ConfigurationLayers) -> (loaded: LoadedConfiguration, problems: [SettingProblem]) {
        var read = SettingsReader(layers.inOrder, readFile: BoundedFile.reader)
        let configuration = GatewayConfiguration(&read, hostName: layers.hostName)
        let loaded = LoadedConfiguration(
            configuration: configuration, warnings: read.warnings, readings: read.readings, layers: layers)
        return (loaded, layers.file.problems + read.problems)
    }

    private init(
        configuration: GatewayConfiguration, warnings: [SettingProblem], readings: [SettingReading],
        layers: ConfigurationLayers
    ) {
        self.configuration = configuration
        self.warnings = warnings
        self.readings = readings
        self.layers = layers
    }

    /// With these changes, the newest first. Where the newest cannot be used, the first that can be and that says the same
    /// of who is let in, or none of them where it says nothing of that; what was passed over is a warning.
    private init(_ layers: ConfigurationLayers, _ states: [ChangesFile.State]) throws(InvalidConfiguration) {
        guard let newest = states.first else {
            try self.init(layers)
            return
        }
        guard let changes = newest.changes else {
            throw newest.invalid(newest.problems, logFormat: Self.with(nil, layers).logFormat)
        }
        let failure: InvalidConfiguration
        switch Self.with(changes, layers) {
        case .success(let loaded):
            self = loaded
            return
        case .failure(let error): failure = error
        }
        var warnings = newest.cannotBeUsed(failure.problems)
        for state in states.dropFirst() {
            guard let earlier = state.changes else {
                warnings += state.problems
                continue
            }
            guard earlier.letsInTheSame(as: changes) else {
                let words = "\(state.description) is not used: it says something else of who is let in"
                warnings.append(SettingProblem(expectation: words))
                continue
            }
            switch Self.with(earlier, layers) {
            case .success(let loaded):
                self = loaded
                self.warnings = warnings + loaded.warnings
                self.warnings.append(SettingProblem(expectation: "goes on with \(state.description)"))
                return
            case .failure(let error): warnings += state.cannotBeUsed(error.problems)
            }
        }
        let isHarmless = changes.letsInTheSame(as: SettingsTree(isChange: true))
        switch Self.with(nil, layers) {
        case .success(let loaded) where isHarmless:
            self = loaded
            self.warnings = warnings + loaded.warnings
            self.warnings.append(SettingProblem(expectation: "goes on without any change made over the API"))
        // What is wrong without any change too is what there is to mend.
        case .failure(let error) where isHarmless: throw error
        case .failure(let error) where failure.problems.allSatisfy(error.problems.contains): throw failure
        case .success, .failure: throw newest.invalid(failure.problems, logFormat: failure.logFormat)
        }
    }

    /// - Parameter changes: nil: none.
    private static func with(
        _ changes: SettingsTree?, _ layers: ConfigurationLayers
    ) -> Result<LoadedConfiguration, InvalidConfiguration> {
        var layers = layers
        layers.changes = changes ?? SettingsTree(isChange: true)
        do throws(InvalidConfiguration) {
            return .success(try LoadedConfiguration(layers))
        } catch {
            return .failure(error)
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

extension Result<LoadedConfiguration, InvalidConfiguration> {
    fileprivate var logFormat: LogFormat {
        switch self {
        case .success(let loaded): loaded.configuration.logs.format
        case .failure(let error): error.logFormat
        }
    }
}

extension ChangesFile.State {
    fileprivate func cannotBeUsed(_ problems: [SettingProblem]) -> [SettingProblem] {
        problems.map { SettingProblem(expectation: "\(description) cannot be used: \($0)") }
    }

    /// There is no start without these changes.
    fileprivate func invalid(_ problems: [SettingProblem], logFormat: LogFormat) -> InvalidConfiguration {
        let keys = changes?.onAdmission.map(\.name.shownInOneLine) ?? []
        let what = keys.isEmpty ? "may say" : "says (\(keys.shortList(naming: 5)))"
        let words =
            "\(description) cannot be used, and \(what) who is let in: mend it, or remove it to start without any "
            + "change made over the API; \(description).last, if it is there, is the state before"
        return InvalidConfiguration(
            problems: problems + [SettingProblem(expectation: words)], warnings: [], logFormat: logFormat)
    }
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
    var withoutChanges: [any SettingsLayer] { [EnvironmentLayer(environment), file.tree] }
}

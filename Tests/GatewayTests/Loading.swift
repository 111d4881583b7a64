import Foundation
import Settings

@testable import Gateway

/// Loads a configuration as the command does, from given variables and the text of a file.
func load(_ environment: [String: String] = [:], yaml: String? = nil) throws(InvalidConfiguration)
    -> LoadedConfiguration
{
    let file = yaml.map { ConfigurationFile(yaml: $0) } ?? ConfigurationFile()
    return try LoadedConfiguration(environment: environment, file: file, hostName: "test")
}

/// The problems, shown as the command shows them; none when it loads.
func problems(_ environment: [String: String] = [:], yaml: String? = nil) -> [String] {
    do throws(InvalidConfiguration) {
        _ = try load(environment, yaml: yaml)
        return []
    } catch {
        return error.problems.map(\.description)
    }
}

/// The warnings but the one that there is no authentication.
func warnings(_ environment: [String: String] = [:], yaml: String? = nil) throws -> [String] {
    try load(environment, yaml: yaml).warnings.map(\.description).filter { !$0.hasPrefix("AUTHENTICATION_BACKEND") }
}

/// A file that is gone when this is.
final class TemporaryFile: Sendable {
    let path: String

    init(_ text: String) throws {
        path = FileManager.default.temporaryDirectory.appendingPathComponent("gateway-\(UUID().uuidString)").path
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}

extension LoadedConfiguration {
    /// The keys of the problems for which a change of one key is refused; none: it is not, or for another reason.
    func keysThatRefuse(_ key: String, _ value: String) -> [String?] {
        do throws(ConfigurationChange.Refusal) {
            _ = try changed(by: [SettingsMember(key, .text(value))])
        } catch .invalid(let problems) {
            return problems.map(\.key)
        } catch {}
        return []
    }
}

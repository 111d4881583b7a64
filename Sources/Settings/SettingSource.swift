/// Where a value came from, in the order in which they count: what comes first wins.
package enum SettingSource: Sendable, Equatable, CustomStringConvertible {
    case environment
    /// Made over the management API and kept in `data_dir`/changes.yaml.
    case change
    /// CONFIG_FILE.
    case file(line: Int?)
    case defaults

    package var description: String {
        switch self {
        case .environment: "environment"
        case .change: "change"
        case .file(let line?): "file, line \(line)"
        case .file(nil): "file"
        case .defaults: "default"
        }
    }

    /// As the management API names it: without a line.
    package var name: String {
        if case .file = self { "file" } else { description }
    }
}

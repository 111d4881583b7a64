import BoundedFiles
import Settings
import Yams

/// A YAML file of settings: the one named by `CONFIG_FILE`, or the changes. What it holds is bounded, whatever it holds.
struct ConfigurationFile {
    static let longest = 1024 * 1024
    static let mostKeys = 10_000
    static let deepest = 16
    /// An alias in a key is expanded by the parser itself; so few of them cannot grow out of hand.
    static let mostAliases = 16

    private(set) var tree: SettingsTree
    private(set) var problems: [SettingProblem] = []
    private let isChange: Bool
    /// Values seen, in maps and lists, and by alias again; this is what is bounded.
    private var visited = 0

    /// No file.
    init() { self.init(yaml: "") }

    init(path: String, isChange: Bool = false) {
        self.init(yaml: "", isChange: isChange)
        do {
            let bytes = try BoundedFile.read(path, limit: Self.longest)
            if let text = String(validating: bytes, as: UTF8.self) {
                parse(text, path: path)
            } else {
                fail("expected a file in UTF-8", path: path)
            }
        } catch {
            fail("expected a file that can be read: \(error)", path: path)
        }
    }

    init(yaml: String, isChange: Bool = false) {
        self.isChange = isChange
        tree = SettingsTree(isChange: isChange)
        parse(yaml, path: "")
    }

    private mutating func parse(_ yaml: String, path: String) {
        guard Self.aliases(in: yaml) <= Self.mostAliases else {
            return fail("expected at most \(Self.mostAliases) YAML aliases", path: path)
        }
        do {
            // Without rules every scalar stays the text that it is.
            guard let root = try Yams.compose(yaml: yaml, .basic, .default, .utf8) else { return }
            if case .scalar(let scalar) = root, Self.isNull(scalar) { return }
            guard case .mapping(let mapping) = root else { return fail("expected a map of keys", path: path) }
            // An empty `listeners:` is a section with nothing in it, no list.
            let members = members(mapping, path: [], depth: 0).filter {
                $0.name != "listeners" || $0.value != .null
            }
            tree = SettingsTree(members, isChange: isChange)
            problems += tree.problems
        } catch let error as YamlError {
            report(error, path: path)
        } catch {
            fail("expected YAML: it cannot be parsed as such", path: path)
        }
    }

    // MARK: Values

    private mutating func members(_ mapping: Node.Mapping, path: [String], depth: Int) -> [SettingsMember] {
        var members: [SettingsMember] = []
        for (name, node) in mapping {
            guard case .scalar(let scalar) = name else {
                refuse(path, name, "expected plain text as key")
                continue
            }
            guard let value = value(node, path: path + [scalar.string], depth: depth + 1) else { continue }
            members.append(SettingsMember(scalar.string, value, line: node.mark?.line))
        }
        return members
    }

    /// Nil: refused.
    private mutating func value(_ node: Node, path: [String], depth: Int) -> SettingsValue? {
        visited += 1
        guard visited <= Self.mostKeys else {
            if visited == Self.mostKeys + 1 { refuse([], node, "expected at most \(Self.mostKeys) keys") }
            return nil
        }
        guard depth <= Self.deepest else {
            refuse(Array(path.prefix(4)), node, "expected at most \(Self.deepest) levels")
            return nil
        }
        switch node {
        case .mapping(let mapping): return .map(members(mapping, path: path, depth: depth))
        case .sequence(let sequence):
            var elements: [SettingsValue] = []
            for element in sequence {
                guard let value = value(element, path: path, depth: depth + 1) else { break }
                elements.append(value)
            }
            return .list(elements)
        case .scalar(let scalar):
            if Self.isNull(scalar) { return .null }
            return scalar.style == .plain ? .plain(scalar.string) : .text(scalar.string)
        case .alias:
            refuse(path, node, "expected a value")
            return nil
        }
    }

    private static func isNull(_ scalar: Node.Scalar) -> Bool {
        guard scalar.style == .plain || scalar.style == .any else { return false }
        return ["", "~", "null"].contains(scalar.string.lowercased())
    }

    // MARK: Problems

    private mutating func refuse(_ path: [String], _ node: Node, _ expectation: String) {
        guard problems.count < 100 else { return }
        let key = path.joined(separator: ".")
        problems.append(
            SettingProblem(key: key.isEmpty ? nil : key, expectation: expectation, source: source(node.mark?.line)))
    }

    private func source(_ line: Int?) -> SettingSource { isChange ? .change : .file(line: line) }

    private mutating func fail(_ expectation: String, path: String) {
        problems.append(
            isChange
                ? SettingProblem(expectation: "\(path): \(expectation)")
                : SettingProblem(key: "CONFIG_FILE", value: path, expectation: expectation, source: .environment))
    }

    /// Yams' own description quotes the line, which may hold a password.
    private mutating func report(_ error: YamlError, path: String) {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            fail("expected YAML: it is not at line \(mark.line), column \(mark.column): \(problem)", path: path)
        case .reader(let problem, let offset, _, _):
            fail("expected YAML: it is not at byte \(offset ?? 0): \(problem)", path: path)
        case .duplicatedKeysInMapping(let duplicates, let context):
            let source = source(context.mark.line)
            problems += duplicates.prefix(100).map {
                SettingProblem(key: $0, expectation: SettingsTree.onceOnly, source: source)
            }
        default:
            fail("expected YAML: it cannot be parsed as such", path: path)
        }
    }

    /// At least as many as there are: `*name` where a YAML token can begin.
    private static func aliases(in yaml: String) -> Int {
        var count = 0
        var previous = UInt8(ascii: "\n")
        for byte in yaml.utf8 {
            if byte == UInt8(ascii: "*"), " \t\r\n[{,:-?".utf8.contains(previous) { count += 1 }
            previous = byte
        }
        return count
    }
}

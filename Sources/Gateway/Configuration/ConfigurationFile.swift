import BoundedFiles
import Yams

/// The YAML file named by `CONFIG_FILE`, flattened to dotted keys: nested maps, dotted keys and mixes of both.
struct ConfigurationFile {
    struct Entry: Equatable {
        /// Nil: nothing behind the key, as where all lines of a section are comments.
        var value: String?
        var line: Int?
    }

    static let longest = 1024 * 1024
    static let mostKeys = 10_000
    static let deepest = 16
    /// An alias in a key is expanded by the parser itself; so few of them cannot grow out of hand.
    static let mostAliases = 16

    private(set) var entries: [String: Entry] = [:]
    /// The entries that set something: an empty `listeners:` is a section with nothing in it, no list.
    var values: [String: Entry] {
        entries.filter { $0.value.value != nil || $0.key != ConfigurationKey.listeners.name }
    }
    /// The keys in the order of the file.
    private(set) var order: [String] = []
    private(set) var problems: [ConfigurationProblem] = []
    /// Values seen, in maps and lists, and by alias again; this is what is bounded.
    private var visited = 0

    /// No file.
    init() {}

    init(path: String) {
        do {
            let bytes = try BoundedFile.read(path, limit: Self.longest)
            if let text = String(validating: bytes, as: UTF8.self) {
                parse(text, path: path)
            } else {
                fail("expected a file in UTF-8", path: path)
            }
        } catch {
            fail("cannot be read: \(error)", path: path)
        }
    }

    init(yaml: String) {
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
            guard case .mapping = root else { return fail("expected a map of keys", path: path) }
            flatten(root, path: [], depth: 0)
        } catch let error as YamlError {
            report(error, path: path)
        } catch {
            fail("cannot be parsed as YAML", path: path)
        }
    }

    // MARK: Flattening

    private mutating func flatten(_ node: Node, path: [String], depth: Int) {
        visited += 1
        guard visited <= Self.mostKeys else {
            if visited == Self.mostKeys + 1 { refuse("", node, "expected at most \(Self.mostKeys) keys") }
            return
        }
        guard depth <= Self.deepest else {
            let expectation = "expected at most \(Self.deepest) levels"
            return refuse(path.prefix(4).joined(separator: "."), node, expectation)
        }
        let key = path.joined(separator: ".")
        switch node {
        case .mapping(let mapping) where key == ConfigurationKey.upstreamOverrides.name:
            add(key, pairs(mapping), node)
        case .mapping(let mapping):
            if mapping.isEmpty { add(key, nil, node) }
            for (name, value) in mapping {
                guard case .scalar(let scalar) = name else {
                    refuse(key, name, "expected plain text as key")
                    continue
                }
                flatten(value, path: path + [scalar.string], depth: depth + 1)
            }
        case .sequence(let sequence):
            var elements: [String] = []
            for element in sequence {
                visited += 1
                guard visited <= Self.mostKeys else { break }
                guard case .scalar(let scalar) = element else {
                    return refuse(key, element, "expected a list of plain values")
                }
                elements.append(scalar.string)
            }
            add(key, elements.joined(separator: ","), node)
        case .scalar(let scalar):
            add(key, Self.isNull(scalar) ? nil : scalar.string, node)
        case .alias:
            refuse(key, node, "expected a value")
        }
    }

    /// `Action: topic` as `Action=topic`.
    private mutating func pairs(_ mapping: Node.Mapping) -> String {
        var pairs: [String] = []
        for (action, topic) in mapping {
            visited += 1
            guard visited <= Self.mostKeys else { break }
            guard case .scalar(let action) = action, case .scalar(let topic) = topic,
                !topic.string.utf8.contains(UInt8(ascii: ","))
            else {
                refuse(ConfigurationKey.upstreamOverrides.name, topic, "expected a map of actions and topics")
                continue
            }
            pairs.append("\(action.string)=\(topic.string)")
        }
        return pairs.joined(separator: ",")
    }

    private mutating func add(_ key: String, _ value: String?, _ node: Node) {
        let overrides = ConfigurationKey.upstreamOverrides.name
        if let value, key.hasPrefix(overrides + ".") {
            return addOverride(action: String(key.dropFirst(overrides.count + 1)), topic: value, node)
        }
        guard entries[key] == nil else {
            return refuse(key, node, "the key is there twice")
        }
        entries[key] = Entry(value: value, line: node.mark?.line)
        order.append(key)
    }

    /// `upstream.topic_override_mapping.Heartbeat: topic`.
    private mutating func addOverride(action: String, topic: String, _ node: Node) {
        let key = ConfigurationKey.upstreamOverrides.name
        guard !topic.utf8.contains(UInt8(ascii: ",")) else {
            return refuse(key, node, "expected a topic without a comma")
        }
        let earlier = entries[key]?.value.map { $0 + "," } ?? ""
        if entries[key] == nil { order.append(key) }
        entries[key] = Entry(value: "\(earlier)\(action)=\(topic)", line: node.mark?.line)
    }

    private static func isNull(_ scalar: Node.Scalar) -> Bool {
        guard scalar.style == .plain || scalar.style == .any else { return false }
        return ["", "~", "null"].contains(scalar.string.lowercased())
    }

    // MARK: Problems

    private mutating func refuse(_ key: String, _ node: Node, _ expectation: String) {
        guard problems.count < 100 else { return }
        let source = ConfigurationSource.file(line: node.mark?.line)
        problems.append(ConfigurationProblem(key: key.isEmpty ? nil : key, expectation: expectation, source: source))
    }

    private mutating func fail(_ expectation: String, path: String) {
        problems.append(
            ConfigurationProblem(key: "CONFIG_FILE", value: path, expectation: expectation, source: .environment))
    }

    /// Yams' own description quotes the line, which may hold a password.
    private mutating func report(_ error: YamlError, path: String) {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            fail("is not YAML at line \(mark.line), column \(mark.column): \(problem)", path: path)
        case .reader(let problem, let offset, _, _):
            fail("is not YAML at byte \(offset ?? 0): \(problem)", path: path)
        case .duplicatedKeysInMapping(let duplicates, let context):
            let source = ConfigurationSource.file(line: context.mark.line)
            problems += duplicates.prefix(100).map {
                ConfigurationProblem(key: $0, expectation: "the key is there twice", source: source)
            }
        default:
            fail("cannot be parsed as YAML", path: path)
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

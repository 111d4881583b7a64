import ChargePointSessions
import FoundationEssentials
import OCPPJ
import SchemaChecking

/// Message format checking as it was set up, and the schemas compiled for it.
package struct FormatCheckingConfiguration: Sendable, Equatable {
    package var mode = MessageFormatChecking.Mode.disable
    /// Actions that are relayed unchecked.
    package var exempt: Set<String> = []
    /// The folder that `json_schema_dir` names; nil: the one that comes with the gateway.
    package var directory: String?
    /// `json_schema_id_prefix`: instead of those that a version has by itself.
    package var idPrefixes: [OCPPVersion: String] = [:]
    /// Those that a listener supports.
    package var versions = OCPPVersion.allCases
    /// Nil while checking is off.
    package private(set) var checking: MessageFormatChecking?
    /// What the operator should know about the schemas that are used, a text for each version.
    private(set) var doubts: [String] = []

    package init() {}

    /// Reads and compiles the schemas, if checking is on.
    ///
    /// - Throws: every problem of every file.
    mutating func compile() throws(SchemaProblems) {
        guard mode != .disable else { return }
        var schemas: [OCPPVersion: MessageSchemas] = [:]
        var problems: [SchemaProblem] = []
        for version in versions {
            do throws(SchemaProblems) {
                schemas[version] = try self.schemas(of: version)
            } catch {
                problems += error.problems
            }
        }
        guard problems.isEmpty else { throw SchemaProblems(problems) }
        checking = MessageFormatChecking(schemas: schemas, mode: mode, exempt: exempt)
        doubts = versions.flatMap { version in
            schemas[version].map { SchemaCoverage(of: version, by: $0, mode, exempt: exempt).doubts } ?? []
        }
    }

    /// The same settings, whatever could be made of them.
    func isSetUp(like other: Self) -> Bool {
        mode == other.mode && exempt == other.exempt && directory == other.directory
            && idPrefixes == other.idPrefixes && versions == other.versions
    }

    /// The folder that is set and is not there; nil: it is, or none is set.
    var missingDirectory: String? { directory.flatMap { Self.isDirectory($0) ? nil : $0 } }

    /// Reads and compiles the schemas of one version, whether checking is on or not.
    ///
    /// - Throws: every problem of every file.
    func schemas(of version: OCPPVersion) throws(SchemaProblems) -> MessageSchemas {
        try MessageSchemas(
            directory: try folder(of: version), idPrefixes: prefixes(of: version),
            dateTimes: version.hasISO8601Times ? .iso8601 : .rfc3339)
    }

    private func prefixes(of version: OCPPVersion) -> [String] {
        idPrefixes[version].map { [$0] } ?? version.schemaIDPrefixes
    }

    private func folder(of version: OCPPVersion) throws(SchemaProblems) -> String {
        let root = directory ?? Self.ownDirectory
        let versioned = root + "/" + version.schemaFolder
        if Self.isDirectory(versioned) { return versioned }
        // A folder that has the files themselves is a user's own, for one version: what most of its ids are of, else 1.6.
        if let owner = self.version(ofFilesIn: root), owner == version { return root }
        throw SchemaProblems([
            SchemaProblem(
                file: versioned,
                reason: "missing, and a listener supports OCPP \(version.rawValue) (websocket.supported_subprotocols)")
        ])
    }

    /// The compiled schemas follow from the settings.
    package static func == (first: Self, second: Self) -> Bool {
        first.mode == second.mode && first.exempt == second.exempt && first.directory == second.directory
            && first.idPrefixes == second.idPrefixes && first.versions == second.versions
    }

    /// `Schemas` beside the program, or in the package that it was built in.
    private static var ownDirectory: String {
        let program = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        var folder = program
        for _ in 0..<6 {
            folder = folder.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
            let candidate = folder + "/Schemas"
            if isDirectory(candidate) { return candidate }
        }
        return program.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
            + "/Schemas"
    }

    /// Nil: there are no schemas.
    private func version(ofFilesIn folder: String) -> OCPPVersion? {
        guard let ids = MessageSchemas.ids(ofFilesIn: folder) else { return nil }
        func count(_ version: OCPPVersion) -> Int {
            ids.count { id in prefixes(of: version).contains { id.utf8.starts(with: $0.utf8) } }
        }
        return OCPPVersion.allCases.max { count($0) < count($1) }.flatMap { count($0) > 0 ? $0 : nil } ?? .v16
    }

    private static func isDirectory(_ path: String) -> Bool {
        var isDirectory = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) && isDirectory
    }
}

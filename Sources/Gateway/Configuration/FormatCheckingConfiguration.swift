import ChargePointSessions
import FoundationEssentials
import SchemaChecking

/// Message format checking as it was set up, and the schemas compiled for it.
public struct FormatCheckingConfiguration: Sendable, Equatable {
    public var mode: MessageFormatChecking.Mode
    /// Actions that are relayed unchecked.
    public var exempt: Set<String>
    /// The folder that `json_schema_dir` names; nil: the one that comes with the gateway.
    public var directory: String?
    public var idPrefix: String
    /// Nil while checking is off.
    public private(set) var checking: MessageFormatChecking?

    public init(
        mode: MessageFormatChecking.Mode = .disable, exempt: Set<String> = [], directory: String? = nil,
        idPrefix: String = "urn:OCPP:1.6:2019:12:"
    ) {
        self.mode = mode
        self.exempt = exempt
        self.directory = directory
        self.idPrefix = idPrefix
    }

    /// Reads and compiles the schemas, if checking is on.
    ///
    /// - Throws: every problem of every file.
    mutating func compile() throws(SchemaProblems) {
        guard mode != .disable else { return }
        let root = directory ?? Self.ownDirectory
        // The folder has one for each version; one that has the files themselves is a user's own, for 1.6.
        let versioned = root + "/ocpp1.6"
        let schemas = try MessageSchemas(
            directory: Self.isDirectory(versioned) ? versioned : root, idPrefix: idPrefix, dateTimes: .iso8601)
        checking = MessageFormatChecking(schemas: schemas, mode: mode, exempt: exempt)
    }

    /// The compiled schemas follow from the settings.
    public static func == (first: Self, second: Self) -> Bool {
        first.mode == second.mode && first.exempt == second.exempt && first.directory == second.directory
            && first.idPrefix == second.idPrefix
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

    private static func isDirectory(_ path: String) -> Bool {
        var isDirectory = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) && isDirectory
    }
}

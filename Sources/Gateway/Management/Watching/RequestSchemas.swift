import BoundedFiles
import JSONText
import NIOCore
import OCPPJ
import SchemaChecking

/// The schemas of what operators may send, read when somebody first asks: message format checking may be off.
actor RequestSchemas {
    /// A schema of OCPP has less than 100 KB.
    private static let longestFile = 4 << 20

    private var loaded: [OCPPVersion: MessageSchemas] = [:]

    /// The schema's document; nil: there is none that can be read.
    func document(
        of action: String, in version: OCPPVersion, _ configuration: FormatCheckingConfiguration
    ) -> ByteBuffer? {
        guard let path = schemas(of: version, configuration)?.file(forRequest: action),
            let bytes = try? BoundedFile.read(path, limit: Self.longestFile)
        else { return nil }
        return ByteBuffer(bytes: bytes)
    }

    /// Whether there is a schema for this action.
    func defines(_ action: String, in version: OCPPVersion, _ configuration: FormatCheckingConfiguration) -> Bool {
        schemas(of: version, configuration)?.defines(action: action) ?? false
    }

    /// What is wrong with a payload; nil: nothing, or there is no schema for it.
    func flaw(
        in payload: ByteBuffer, of action: String, in version: OCPPVersion,
        _ configuration: FormatCheckingConfiguration
    ) -> String? {
        guard let schema = schemas(of: version, configuration)?.schema(forRequest: action) else { return nil }
        return payload.withUnsafeReadableBytes { bytes in
            var scanner = JSONScanner(bytes)
            scanner.skipWhitespace()
            do throws(JSONSyntaxError) {
                return try schema.check(&scanner)?.description
            } catch {
                return error.reason(atByte: scanner.position)
            }
        }
    }

    /// A folder that cannot be read is read again next time.
    private func schemas(of version: OCPPVersion, _ configuration: FormatCheckingConfiguration) -> MessageSchemas? {
        if let schemas = loaded[version] { return schemas }
        let schemas = try? configuration.schemas(of: version)
        loaded[version] = schemas
        return schemas
    }
}

import SchemaChecking
import Testing

/// Python's `jsonschema` and the schemas of the PyPI package `ocpp` judge the same payloads.
///
/// The judge is told two things: to divide as decimals for `multipleOf`, since binary fractions refuse 16.1, and in
/// which order failures count. What the two would see differently is not among the payloads: `date-time` with a leap
/// second or in the year 0, which RFC 3339 knows and the judge's library does not.
@Suite struct JudgedPayloadTests {
    /// Our schemas and the package's demand the same, but for this.
    ///
    /// - 56 of the 78 files of the package say draft 4, ours say draft 6. So 1.0 is a whole number with ours, as RFC
    ///   8259 and OCPP see it, and none with theirs; the judge is told to read them as draft 6.
    private static let draftOfOurs = "6"

    /// - `required` lists the same fields in the order of the tables, the package's in its own. So of several that one
    ///   object misses another one may be told.
    private static func isMissing(_ found: String?, inTheSameObjectAs pointer: String) -> Bool {
        func object(_ pointer: String) -> Substring { pointer[..<(pointer.lastIndex(of: "/") ?? pointer.startIndex)] }
        return found.map { object($0) == object(pointer) } ?? false
    }

    @Test(arguments: [
        ("1.6", "v16", "urn:OCPP:1.6:2019:12:", 21_060, 78), ("2.0.1", "v201", "urn:OCPP:Cp:2:2020:3:", 20_480, 128),
        ("2.1", "v21", "urn:OCPP:Cp:2:2025:1:", 20_091, 181),
    ])
    func `Ours judge as the judge does`(
        version: String, package: String, prefix: String, count: Int, messages: Int
    ) async throws {
        let schemas = try MessageSchemas(directory: PackageFolder.schemas(version), idPrefixes: [prefix])
        let judged = try await JudgedPayloads(version: package, count: count, seed: 16, draft: Self.draftOfOurs)
        try compare(schemas, with: judged, messages: messages, hasOtherOrderOfRequired: true)
    }

    @Test(arguments: [("v16", 20_280, 78), ("v201", 20_480, 128), ("v21", 20_091, 181)])
    func `Files of others judge as the judge does`(version: String, count: Int, messages: Int) async throws {
        let judged = try await JudgedPayloads(version: version, count: count, seed: 2)
        let schemas = try MessageSchemas(directory: judged.schemas, idPrefixes: ["urn:OCPP:1.6:2019:12:"])
        try compare(schemas, with: judged, messages: messages)
    }

    private func compare(
        _ schemas: MessageSchemas, with judged: JudgedPayloads, messages: Int, hasOtherOrderOfRequired: Bool = false
    ) throws {
        var kinds: [String: Int] = [:]
        var disagreements: [String] = []
        for payload in judged.payloads {
            let schema = try #require(schemas.schema(for: payload.message), "\(payload.message) has no schema")
            let found = try violation(of: schema, in: payload.json)
            kinds[payload.kind ?? "fits", default: 0] += 1
            let isSamePlace =
                found?.pointer ?? "" == payload.pointer
                || hasOtherOrderOfRequired && found?.kind == .missingField
                    && Self.isMissing(found?.pointer, inTheSameObjectAs: payload.pointer)
            guard found?.kind.rawValue != payload.kind || !isSamePlace else { continue }
            let text = String(decoding: payload.json, as: UTF8.self)
            disagreements.append(
                "\(payload.message): \(found?.description ?? "fits"), not \(payload.kind ?? "fits") "
                    + "\(payload.pointer): \(text)")
        }
        #expect(disagreements.isEmpty, "\(disagreements.count): \(disagreements.prefix(5).joined(separator: "\n"))")
        // The payloads are worth something only if they reach everywhere.
        #expect(Set(judged.payloads.map(\.message)).count == messages)
        for kind in SchemaViolation.Kind.allCases.map(\.rawValue) + ["fits"] {
            #expect(kinds[kind, default: 0] > judged.payloads.count / 20, "\(kind)")
        }
    }
}

extension MessageSchemas {
    fileprivate func schema(for message: String) -> Schema? {
        if message.hasSuffix("Response") { return schema(forResponse: String(message.dropLast("Response".count))) }
        // A SEND has neither.
        return schema(
            forRequest: message.hasSuffix("Request") ? String(message.dropLast("Request".count)) : message)
    }
}

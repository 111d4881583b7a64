import JSONText

/// One JSON Schema (draft 4 or 6), compiled to a checker that walks a message's bytes.
///
/// A member that an object has twice is checked twice; it counts as often as it is written, and where a value as a
/// whole is compared (`enum`, `const`, `uniqueItems`), the last one counts.
package final class Schema: Sendable {
    /// `$id` or `id` of the document.
    package let id: String?
    let nodes: [SchemaNode]
    let rules: SchemaRules
    /// Where in `nodes` the document itself is.
    let root: Int

    init(id: String?, nodes: [SchemaNode], rules: SchemaRules, root: Int) {
        self.id = id
        self.nodes = nodes
        self.rules = rules
        self.root = root
    }

    /// Compiles a schema document; a byte-order mark in front of it is skipped.
    ///
    /// - Parameters:
    ///   - file: the document's name in the problems.
    ///   - dateTimes: what the format `date-time` means.
    package static func compile(
        _ document: [UInt8], file: String, dateTimes: DateTimeRule = .rfc3339
    ) throws(SchemaProblems) -> Schema {
        var compiler = try SchemaCompiler(document, file: file, dateTimes: dateTimes)
        return try compiler.compile()
    }

    /// Walks the value at the scanner's position, checks it and proves it well-formed, in one pass.
    ///
    /// White space in front of the value must have been skipped. The walk always goes to the value's end: a violation
    /// does not stop the proof. Nothing is allocated for a value that fits, unless the schema uses `pattern`,
    /// `uniqueItems`, `dependencies`, values in `enum` or `const` that are no strings, or more than 64 required fields.
    ///
    /// - Returns: the first violation in the order of the text.
    package func check(_ scanner: inout JSONScanner) throws(JSONSyntaxError) -> SchemaViolation? {
        try nodes.withUnsafeBufferPointer { nodes throws(JSONSyntaxError) in
            try rules.entries.withUnsafeBufferPointer { entries throws(JSONSyntaxError) in
                try rules.texts.withUnsafeBufferPointer { texts throws(JSONSyntaxError) in
                    try rules.bytes.withUnsafeBufferPointer { bytes throws(JSONSyntaxError) in
                        var walk = SchemaWalk(
                            schema: self, nodes: nodes, entries: entries, texts: texts,
                            schemaBytes: UnsafeRawBufferPointer(bytes),
                            messageLength: scanner.bytes.count)
                        let fits = try walk.value(root, &scanner)
                        return fits && !walk.isExhausted ? nil : walk.violation
                    }
                }
            }
        }
    }
}

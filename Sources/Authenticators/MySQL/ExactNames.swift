/// Names are bytes, and MySQL compares texts by their column's collation: most of them take `cp1`, `CP1` and `cp1 ` for one
/// name, and an integer column `7x` for 7. So one password would open look-alike identities.
enum ExactNames {
    /// The query with a second condition behind each that compares a column alone with a placeholder that names somebody:
    /// the bytes must be the same. The first one is left, since the column's index serves it.
    static func requiring(in query: String) -> String {
        query.replacing(comparison) { match in
            let (before, column, value) = (match.output.before, match.output.column, match.output.value)
            let bytes = "CAST(CONVERT(\(column) USING utf8mb4) AS BINARY) = CAST(\(value) AS BINARY)"
            return "\(before)(\(column) = \(value) AND \(bytes))"
        }
    }

    /// Whether a comparison with a name is left as it is, and nothing shows that somebody has thought of this.
    static func areInDoubt(in query: String) -> Bool {
        !query.contains(byBytes) && query.replacing(comparison, with: "").contains(placeholder)
    }

    // Made anew for each use: a `Regex` may not be shared by threads. Only a start needs them.

    /// `WHERE name = ${username} LIMIT 1`.
    private static var comparison:
        Regex<(Substring, before: Substring, column: Substring, quote: Substring, value: Substring)>
    {
        #/
        (?<before> \b (?: WHERE | AND | OR | ON | NOT ) \s+ | \( \s* )
        (?<column> (?: [A-Za-z_][A-Za-z0-9_]* | `[^`]+` ) (?: \. (?: [A-Za-z_][A-Za-z0-9_]* | `[^`]+` ) )* )
        \s* = \s*
        (?<quote> ['"]? )
        (?<value> \$\{ (?: clientid | cid | username | cert_common_name | cert_subject ) \} )
        \k<quote>
        (?= \s* (?: $ | ; | \) | \b (?: AND | OR | LIMIT | ORDER | GROUP | UNION | FOR ) \b ) )
        /#
        .ignoresCase()
    }

    private static var placeholder: Regex<Substring> { /\$\{(?:clientid|cid|username|cert_common_name|cert_subject)\}/ }

    private static var byBytes: Regex<Substring> { /\b(?:BINARY|COLLATE)\b/.ignoresCase() }
}

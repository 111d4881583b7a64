/// Finds what somebody who mistyped a name probably meant.
package enum NearestName {
    /// The candidate with the fewest changed letters; nil when none is close.
    package static func of(_ name: String, among candidates: some Sequence<String>) -> String? {
        // A name of thousands of letters is no slip of the finger, and comparing takes the square of its length.
        guard name.utf8.count <= 128 else { return nil }
        let limit = max(2, name.utf8.count / 3)
        var best: (name: String, distance: Int)?
        for candidate in candidates where abs(candidate.utf8.count - name.utf8.count) <= limit {
            let distance = distance(Array(name.utf8), Array(candidate.utf8))
            if distance <= limit, distance < best?.distance ?? .max { best = (candidate, distance) }
        }
        return best?.name
    }

    /// A name that is ours but for its beginning or end, such as `MESSAGE_FORMAT_CHECK` or `HEARTBEAT_INTERVAL`; the
    /// shortest of these.
    package static func containing(_ name: String, _ candidates: some Sequence<String>) -> String? {
        guard name.utf8.count >= 8 else { return nil }
        let near = candidates.filter { candidate in
            candidate.hasPrefix(name) || candidate.hasSuffix("_" + name) || candidate.hasSuffix("." + name)
                || (candidate.utf8.count >= 8 && name.hasPrefix(candidate))
        }
        return near.min { ($0.utf8.count, $0) < ($1.utf8.count, $1) }
    }

    /// Levenshtein's edit distance.
    package static func distance(_ first: [UInt8], _ second: [UInt8]) -> Int {
        var row = Array(0...second.count)
        for (index, byte) in first.enumerated() {
            var diagonal = row[0]
            row[0] = index + 1
            for (column, other) in second.enumerated() {
                let above = row[column + 1]
                row[column + 1] = byte == other ? diagonal : 1 + Swift.min(diagonal, above, row[column])
                diagonal = above
            }
        }
        return row[second.count]
    }
}

import OutsideNames

/// `management.api_keys_file`: `key:secret:role` a line, EMQX's bootstrap form; without a role an administrator.
package struct APIKeyFile: Error, Sendable, Equatable {
    /// In plain words, with the line's number and without its text.
    package var problems: [String]

    package static let largest = 1024 * 1024

    /// - Parameter key: `management.api_key`, whose name the file may not have again: which of the two would count?
    /// - Throws: All that is wrong with it: then none of its keys counts.
    package static func read(_ bytes: [UInt8], besides key: APIKey? = nil) throws(APIKeyFile) -> [APIKey] {
        guard bytes.count <= largest else { throw APIKeyFile(problems: ["it is larger than 1 MB"]) }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw APIKeyFile(problems: ["it is not UTF-8"])
        }
        var keys: [APIKey] = []
        var problems: [String] = []
        var names: Set<[UInt8]> = []
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            let line = line.trimmed
            guard !line.isEmpty else { continue }
            switch read(line) {
            case .success(let read) where read.name.hasSameBytes(as: key?.name ?? ""):
                problems.append("line \(index + 1): this key is management.api_key, which has a secret of its own")
            case .success(let read) where names.insert(Array(read.name.utf8)).inserted: keys.append(read)
            case .success: problems.append("line \(index + 1): this key has come before")
            case .failure(let problem): problems.append("line \(index + 1): \(problem.words)")
            }
        }
        guard problems.isEmpty else { throw APIKeyFile(problems: problems) }
        return keys
    }

    private struct LineProblem: Error { var words: String }

    private static func read(_ line: Substring) -> Result<APIKey, LineProblem> {
        let parts = line.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2 || parts.count == 3 else {
            return .failure(LineProblem(words: "expected key:secret:role"))
        }
        guard !parts[0].isEmpty, !parts[1].isEmpty else {
            return .failure(LineProblem(words: "the key or the secret is empty"))
        }
        guard let role = parts.count == 2 ? .administrator : ManagementRole(rawValue: String(parts[2])) else {
            return .failure(LineProblem(words: "the role is neither administrator nor viewer"))
        }
        return .success(APIKey(name: String(parts[0]), secret: Password(Array(parts[1].utf8)), role: role))
    }
}

extension Substring {
    fileprivate var trimmed: Substring {
        let start = drop { $0 == " " || $0 == "\t" || $0 == "\r" }
        let end = start.lastIndex { $0 != " " && $0 != "\t" && $0 != "\r" }
        return end.map { start[...$0] } ?? ""
    }
}

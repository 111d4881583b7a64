import Foundation
import Synchronization

/// What no line of a gateway may hold, whatever a test does with it. Passwords, salts and keys of these tests hold a
/// marker; what is made of them and holds none (hashes, base64, tokens) is told of here.
enum Secrets {
    /// In every password, salt, token and key that a test makes up.
    static let marker = "s3cr3t"
    /// Shorter ones stand in a log by chance.
    private static let leastBytes = 6

    private static let known = Mutex<Set<String>>([marker])

    static func add(_ texts: String...) {
        known.withLock { $0.formUnion(texts.filter { $0.utf8.count >= leastBytes }) }
    }

    /// The secrets among a gateway's settings, by their names.
    static func add(settings: [String: String]) {
        for (name, value) in settings where name.hasSuffix("_PASSWORD") || name.hasSuffix("_SECRET") {
            if !value.hasPrefix("file://") { add(value) }
        }
    }

    /// The lines that hold one.
    static func leaks(in text: String) -> [String] {
        let haystack = Array(text.utf8)
        let found = known.withLock { $0 }.filter { haystack.holds(Array($0.utf8)) }
        guard !found.isEmpty else { return [] }
        return text.split(separator: "\n").filter { line in found.contains { line.contains($0) } }.map(String.init)
    }
}

extension [UInt8] {
    fileprivate func holds(_ needle: [UInt8]) -> Bool {
        Data(self).range(of: Data(needle)) != nil
    }
}

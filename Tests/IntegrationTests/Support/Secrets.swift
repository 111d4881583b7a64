import Foundation
import Glibc
import Synchronization
import TestSupport

/// What no line of a gateway may hold, whatever a test does with it. Passwords, salts and keys of these tests hold a
/// marker; what is made of them and holds none (hashes, base64, tokens) is told of here.
enum Secrets {
    /// In every password, salt, token and key that a test makes up.
    static let marker = "s3cr3t"
    /// Shorter ones stand in a log by chance.
    private static let leastBytes = 6

    /// The marker, and what it looks like within base64: as its bytes, wherever they begin among three.
    private static let marks =
        [marker]
        + (0...2).map { before in
            let text = Data(Array(repeating: 0, count: before) + Array(marker.utf8)).base64EncodedString()
            let (ofOthers, whole) = ((before * 8 + 5) / 6, (before + marker.utf8.count) * 8 / 6)
            return String(text.prefix(whole).dropFirst(ofOthers))
        }

    private static let known = Mutex(Set(marks))

    static func add(_ texts: String...) {
        let unmarked = texts.filter { text in
            text.utf8.count >= leastBytes && !marks.contains { text.contains($0) }
        }
        known.withLock { $0.formUnion(unmarked) }
    }

    /// What an `Authorization` header shows: its text, and the password in it.
    static func add(authorization header: String) {
        let words = header.split(separator: " ", maxSplits: 1).map(String.init)
        guard words.count == 2 else { return }
        add(words[1])
        guard words[0] == "Basic", let bytes = Data(base64Encoded: words[1]) else { return }
        let password = bytes.drop { $0 != UInt8(ascii: ":") }.dropFirst()
        add(String(validating: password, as: UTF8.self) ?? "")
    }

    /// The secrets among a gateway's settings, by their names.
    static func add(settings: [String: String]) {
        for (name, value) in settings where name.hasSuffix("_PASSWORD") || name.hasSuffix("_SECRET") {
            if !value.hasPrefix("file://") { add(value) }
        }
    }

    // MARK: The whole run

    /// Lines of gateways that no test looks at when they have ended.
    private static let found: Mutex<[String]> = {
        atexit { Secrets.tellOfFound() }
        return Mutex([])
    }()

    /// Looks for them in all that a program writes, once it has ended. If there are any, the run fails.
    static func watch(_ child: ChildProcess) {
        found.withLock { _ in }
        Task.detached {
            _ = try? await child.exit(within: 3600)
            let lines = leaks(in: await child.wholeOutput())
            found.withLock { $0 += lines }
        }
    }

    private static func tellOfFound() {
        let lines = found.withLock { $0 }
        guard !lines.isEmpty else { return }
        let text = "secrets are in what gateways wrote:\n" + lines.joined(separator: "\n") + "\n"
        try? FileHandle.standardError.write(contentsOf: Data(text.utf8))
        _exit(1)
    }

    // MARK: Looking

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

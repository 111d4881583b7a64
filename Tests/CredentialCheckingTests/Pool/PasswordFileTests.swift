import Foundation
import Testing

@testable import CredentialChecking

/// authentication.md, `password_file`.
struct PasswordFileTests {
    private func fault(_ path: String) -> ConnectionFault? {
        do throws(ConnectionFault) {
            _ = try PasswordFile.password(in: path, orElse: "s3cr3t of the start")
            return nil
        } catch {
            return error
        }
    }

    @Test func `It is read anew, and what was read before does not count where it cannot be`() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "password-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appending(path: "file").path()
        #expect(
            fault(path)
                == .nonsense("the password file \(path) cannot be read: No such file or directory", isUsable: false))
        for (text, password) in [("s3cr3t-1\n", "s3cr3t-1"), ("s3cr3t-2\r\nmore", "s3cr3t-2")] {
            try Data(text.utf8).write(to: URL(filePath: path))
            #expect(try PasswordFile.password(in: path, orElse: "s3cr3t of the start") == password)
        }
        for bytes in [Data(), Data("\ns3cr3t".utf8), Data([0xFF, 0x0A]), Data(repeating: 0x61, count: 1 << 20)] {
            try bytes.write(to: URL(filePath: path))
            guard case .nonsense(let words, isUsable: false)? = fault(path) else {
                Issue.record("\(bytes.count) bytes")
                continue
            }
            #expect(words.contains(path) && !words.contains("s3cr3t"))
        }
    }

    @Test func `A pipe can be read only once: what it said at the start counts, as without a file`() throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "password-\(UUID())").path()
        #expect(mkfifo(path, 0o600) == 0)
        defer { unlink(path) }
        #expect(try PasswordFile.password(in: path, orElse: "s3cr3t") == "s3cr3t")
        #expect(try PasswordFile.password(in: nil, orElse: "s3cr3t") == "s3cr3t")
        #expect(try PasswordFile.password(in: nil, orElse: nil) == nil)
    }
}

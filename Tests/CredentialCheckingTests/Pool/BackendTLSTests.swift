import Foundation
import Testing

@testable import CredentialChecking

/// authentication.md, `ssl.*`.
struct BackendTLSTests {
    /// Attack: whoever read a named pipe waited for its writer, and with that every later change of the configuration.
    @Test func `A file that is a pipe or a folder is a problem, and nobody waits for its writer`() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "tls-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let (pipe, file) = (folder.appending(path: "pipe").path(), folder.appending(path: "file.pem").path())
        #expect(mkfifo(pipe, 0o600) == 0)
        try Data("bytes".utf8).write(to: URL(filePath: file))
        #expect(try BackendTLS.contents(of: file) == Array("bytes".utf8))
        var tls = BackendTLS(isEnabled: true)
        (tls.caFile, tls.certificateFile, tls.keyFile) = (pipe, folder.path(), file)
        let words = "expected a file that can be read: "
        #expect(
            tls.problems == [
                BackendProblem("ssl.cacertfile", words + "\(pipe): it is no regular file"),
                BackendProblem("ssl.certfile", words + "\(folder.path()): it is a directory"),
            ])
    }
}

import Foundation
import JWTKit
import SpawnedProcess

/// Keys and tokens made by Python (`Resources/tokens.py`), once for all tests.
struct TestTokens: Sendable {
    struct Entry: Decodable, Sendable {
        var pem: String
        var jwk: [String: String]
        /// Without `kid`.
        var token: String
        /// `kid`: `id-` and the algorithm.
        var tokenWithID: String
    }

    /// By algorithm.
    let entries: [String: Entry]

    /// With these claims in every token.
    static let made = Result { try TestTokens(claims: #"{"sub":"CP1","aud":["x","charging"],"exp":2000,"nbf":500}"#) }

    init(claims: String) throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent()
        let package = file.deletingLastPathComponent().deletingLastPathComponent()
        let process = SpawnedProcess()
        let (input, output) = (Pipe(), Pipe())
        process.executableURL = package.appending(path: ".build/python/bin/python")
        process.arguments = [file.appending(path: "Resources/tokens.py").path()]
        process.standardInput = input
        process.standardOutput = output
        process.standardError = FileHandle.standardError
        try process.run()
        try input.fileHandleForWriting.write(contentsOf: Data(#"{"claims":\#(claims)}"#.utf8))
        try input.fileHandleForWriting.close()
        entries = try JSONDecoder().decode(
            [String: Entry].self, from: output.fileHandleForReading.readToEnd() ?? Data())
        process.waitUntilExit()
    }

    subscript(algorithm: String) -> Entry? { entries[algorithm] }

    /// A JSON Web Key Set of these algorithms' keys, each changed as wanted.
    func keySet(_ algorithms: [String], change: (String, inout [String: String]) -> Void = { _, _ in }) throws
        -> [UInt8]
    {
        let keys = algorithms.compactMap { algorithm -> [String: String]? in
            guard var key = entries[algorithm]?.jwk else { return nil }
            change(algorithm, &key)
            return key
        }
        return Array(try JSONEncoder().encode(["keys": keys]))
    }
}

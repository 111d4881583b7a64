import ArgumentParser
import Foundation
import Gateway
import Settings

/// Standard input and output of the commands beside the gateway itself.
enum CommandSupport {
    /// - Throws: exit 78, after every problem has been written.
    static func load() throws -> LoadedConfiguration {
        do {
            return try LoadedConfiguration(environment: ProcessInfo.processInfo.environment)
        } catch {
            for problem in error.problems { complain("error: \(problem)") }
            throw ExitCode(78)
        }
    }

    /// Standard input to its end.
    static func input(limit: Int) throws -> [UInt8] {
        var bytes: [UInt8] = []
        while let chunk = try FileHandle.standardInput.read(upToCount: 1 << 16), !chunk.isEmpty {
            bytes += chunk
            guard bytes.count <= limit else {
                complain("the input is longer than \(limit) bytes")
                throw ExitCode(65)
            }
        }
        return bytes
    }

    static func write(_ text: String) throws {
        do {
            try FileHandle.standardOutput.write(contentsOf: Data(text.utf8))
        } catch {
            throw ExitCode(70)
        }
    }

    static func complain(_ text: String) {
        // Nothing can be done about a standard error that takes nothing; the exit code still tells.
        try? FileHandle.standardError.write(contentsOf: Data("\(text)\n".utf8))
    }
}

import CSpawn
import Foundation
import Glibc
import Synchronization

/// A child process, with as much of Foundation's `Process` as the tests need.
///
/// Foundation's own reads beyond a directory entry of `/proc/self/fd` when it starts a child, and crashes once some
/// 1,300 descriptors are open, which is what several tests are about.
package final class SpawnedProcess: @unchecked Sendable {
    // Everything mutable is either set before `run()`, by the one who made it, or guarded by `state`.

    package enum TerminationReason: Sendable {
        case exit, uncaughtSignal
    }

    package struct SpawnError: Error, CustomStringConvertible {
        package let description: String
    }

    private struct State {
        var processID: pid_t = 0
        var status: Int32?
    }

    package var executableURL: URL?
    package var arguments: [String]?
    /// Nil: the parent's.
    package var environment: [String: String]?
    package var currentDirectoryURL: URL?
    /// A `Pipe` or a `FileHandle`; nil: the parent's.
    package var standardInput: Any?
    package var standardOutput: Any?
    package var standardError: Any?
    /// Called on a thread of its own.
    package var terminationHandler: (@Sendable (SpawnedProcess) -> Void)?

    private let state = Mutex(State())
    private let ended = NSCondition()

    package init() {}

    package var processIdentifier: Int32 { state.withLock { $0.processID } }
    package var isRunning: Bool { state.withLock { $0.processID > 0 && $0.status == nil } }

    /// The exit code or the signal's number; 0 while it runs.
    package var terminationStatus: Int32 {
        let status = state.withLock { $0.status } ?? 0
        return status & 0x7F == 0 ? (status >> 8) & 0xFF : status & 0x7F
    }

    package var terminationReason: TerminationReason {
        (state.withLock { $0.status } ?? 0) & 0x7F == 0 ? .exit : .uncaughtSignal
    }

    package func run() throws {
        guard let path = executableURL?.path else { throw SpawnError(description: "no executable") }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        if let directory = currentDirectoryURL?.path {
            cspawn_add_chdir(&actions, directory)
        }
        for (stream, number) in [(standardInput, 0), (standardOutput, 1), (standardError, 2)] {
            guard let descriptor = Self.descriptor(stream, reads: number == 0) else { continue }
            posix_spawn_file_actions_adddup2(&actions, descriptor, Int32(number))
        }
        cspawn_add_close_from(&actions, 3)

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var all = sigset_t()
        sigfillset(&all)
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))

        let variables = environment ?? ProcessInfo.processInfo.environment
        var processID: pid_t = 0
        let code = Self.withCStrings([path] + (arguments ?? [])) { arguments in
            Self.withCStrings(variables.map { "\($0)=\($1)" }) { variables in
                posix_spawn(&processID, path, &actions, &attributes, arguments, variables)
            }
        }
        guard code == 0 else { throw SpawnError(description: "\(path): \(String(cString: strerror(code)))") }
        for (stream, reads) in [(standardInput, true), (standardOutput, false), (standardError, false)] {
            // The child has its end; ours would keep the pipe open.
            guard let pipe = stream as? Pipe else { continue }
            try? (reads ? pipe.fileHandleForReading : pipe.fileHandleForWriting).close()
        }
        let child = processID
        state.withLock { $0.processID = child }
        let thread = Thread { self.awaitEnd(child) }
        thread.stackSize = 256 * 1024
        thread.start()
    }

    private func awaitEnd(_ processID: pid_t) {
        var status: Int32 = 0
        while waitpid(processID, &status, 0) < 0, errno == EINTR {}
        ended.lock()
        state.withLock { $0.status = status }
        ended.broadcast()
        ended.unlock()
        terminationHandler?(self)
    }

    package func waitUntilExit() {
        ended.lock()
        while isRunning { ended.wait() }
        ended.unlock()
    }

    /// SIGTERM.
    package func terminate() {
        let processID = processIdentifier
        if isRunning { kill(processID, SIGTERM) }
    }

    private static func descriptor(_ stream: Any?, reads: Bool) -> Int32? {
        switch stream {
        case let pipe as Pipe:
            (reads ? pipe.fileHandleForReading : pipe.fileHandleForWriting).fileDescriptor
        case let handle as FileHandle where handle === FileHandle.nullDevice:
            nullDevice
        case let handle as FileHandle:
            handle.fileDescriptor
        default:
            nil
        }
    }

    /// Foundation's null device has no descriptor of its own.
    private static let nullDevice = open("/dev/null", O_RDWR | O_CLOEXEC)

    private static func withCStrings<Result>(
        _ strings: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
    ) -> Result {
        let copies = strings.map { strdup($0) }
        defer { for copy in copies { free(copy) } }
        return body(copies + [nil])
    }
}

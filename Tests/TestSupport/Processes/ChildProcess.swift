import Foundation
import Glibc
import NIOCore
import NIOPosix
import SpawnedProcess
import Synchronization

/// A program that a test starts, hears and ends.
package final class ChildProcess: Sendable {
    /// One line that it wrote.
    package struct Line: Sendable, CustomStringConvertible {
        package let text: String
        package let isError: Bool

        package var description: String { text }
    }

    /// How it ended: the exit code, or minus the signal's number.
    package struct Exit: Sendable, Equatable {
        package let code: Int32
    }

    package let lines: Mailbox<Line>
    private let name: String
    private let process: SpawnedProcess
    private let exits: Mailbox<Exit>
    private let finishedStreams = Counter()

    // Children are started from one thread that never ends, because `setpriv --pdeathsig` ends a child together
    // with the thread that started it: no child outlives a test run, however that ends.
    private static let launcher: NIOThreadPool = {
        let pool = NIOThreadPool(numberOfThreads: 1)
        pool.start()
        return pool
    }()

    private init(name: String, process: SpawnedProcess) {
        self.name = name
        self.process = process
        self.lines = Mailbox("output of \(name)")
        self.exits = Mailbox("exit of \(name)")
    }

    /// Where a program is: in `PATH`, or in a folder where servers are. A name with a slash is a path already.
    ///
    /// - Throws: `Failure` when it is not installed.
    package static func path(of program: String) throws -> String {
        let folders =
            (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map(String.init)
            + ["/usr/sbin", "/usr/local/sbin", "/sbin"]
        let places = program.contains("/") ? [program] : folders.map { "\($0)/\(program)" }
        guard let path = places.first(where: FileManager.default.isExecutableFile(atPath:)) else {
            throw Failure("\(program) is not installed; ./deploy/test.sh installs it")
        }
        return path
    }

    /// - Parameters:
    ///   - executable: a path.
    ///   - user: who runs it, with the group of the same name, instead of the one who runs the tests; only root can
    ///     say so.
    package static func start(
        _ executable: String, _ arguments: [String] = [], environment: [String: String] = [:],
        directory: String? = nil, user: String? = nil
    ) async throws -> ChildProcess {
        _ = raisedDescriptorLimit
        guard FileManager.default.isExecutableFile(atPath: executable) else {
            throw Failure("\(executable) is missing or cannot be run")
        }
        let process = SpawnedProcess()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/setpriv")
        let identity = user.map { ["--reuid", $0, "--regid", $0, "--init-groups"] } ?? []
        process.arguments = identity + ["--pdeathsig", "KILL", "--", executable] + arguments
        process.environment = inherited.merging(environment) { _, own in own }
        process.standardInput = FileHandle.nullDevice
        if let directory {
            process.currentDirectoryURL = URL(fileURLWithPath: directory)
        }
        let child = ChildProcess(name: (executable as NSString).lastPathComponent, process: process)
        let ends = [try await child.hear(isError: false), try await child.hear(isError: true)]
        process.standardOutput = ends[0]
        process.standardError = ends[1]
        defer {
            for end in ends {
                close(end.fileDescriptor)
            }
        }
        process.terminationHandler = { ended in
            let signalled = ended.terminationReason == .uncaughtSignal
            child.exits.append(Exit(code: signalled ? -ended.terminationStatus : ended.terminationStatus))
        }
        try await launcher.runIfActive { try process.run() }
        return child
    }

    /// Only what a program needs to run at all: the rest of our environment is none of its business.
    private static var inherited: [String: String] {
        ProcessInfo.processInfo.environment.filter {
            ["PATH", "HOME", "LANG", "LD_LIBRARY_PATH", "TMPDIR"].contains($0.key)
        }
    }

    /// A pipe whose far end the child writes to; lines that come out of it go to `lines`.
    private func hear(isError: Bool) async throws -> FileHandle {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else {
            throw Failure("no pipe: errno \(errno)")
        }
        for end in ends {
            // Another child that held the writing end would keep this one's output open for ever.
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
        }
        _ = try await NIOPipeBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { [self] channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(LineReader(child: self, isError: isError))
                }
            }
            .takingOwnershipOfDescriptor(input: ends[0])
            .get()
        return FileHandle(fileDescriptor: ends[1], closeOnDealloc: false)
    }

    private final class LineReader: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        private let child: ChildProcess
        private let isError: Bool
        private var rest = ByteBuffer()

        init(child: ChildProcess, isError: Bool) {
            self.child = child
            self.isError = isError
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            rest.writeImmutableBuffer(unwrapInboundIn(data))
            while let end = rest.readableBytesView.firstIndex(of: UInt8(ascii: "\n")) {
                let text = rest.readString(length: end - rest.readerIndex) ?? ""
                child.lines.append(Line(text: text, isError: isError))
                rest.moveReaderIndex(forwardBy: 1)
            }
            rest.discardReadBytes()
        }

        func channelInactive(context: ChannelHandlerContext) {
            if rest.readableBytes > 0 {
                child.lines.append(Line(text: String(buffer: rest), isError: isError))
            }
            if child.finishedStreams.next() == 2 {
                child.lines.finish()
            }
        }
    }

    package var pid: Int32 { process.processIdentifier }

    package var isRunning: Bool { exits.all.isEmpty }

    package func send(signal: Int32) {
        if isRunning {
            Glibc.kill(pid, signal)
        }
    }

    /// Waits until it has ended.
    @discardableResult
    package func exit(within limit: Int64 = 60) async throws -> Exit {
        try await exits.first("the end of \(name)", within: .seconds(limit))
    }

    /// Ends it at once, whatever it is doing.
    package func end() async {
        send(signal: SIGKILL)
        _ = try? await exit()
    }

    /// The same where nothing can be awaited.
    package func kill() {
        send(signal: SIGKILL)
        process.waitUntilExit()
    }

    /// All that it has written so far.
    package var output: String {
        lines.all.map(\.text).joined(separator: "\n")
    }

    /// Its resident memory in bytes.
    package var residentBytes: Int {
        let status = (try? String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
        let kilobytes = line?.split(separator: " ").compactMap { Int($0) }.first
        return (kilobytes ?? 0) * 1024
    }

    /// How many descriptors it holds.
    package var openDescriptors: Int {
        (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/fd").count) ?? 0
    }
}

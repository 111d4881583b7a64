import CredentialChecking
import NIOCore
import NIOPosix
import NIOSSL

/// A connection to one server, logged in. Its thread waits for what the event loop does.
struct RedisNode {
    let server: BackendServers.Server
    private let channel: any Channel

    /// What all connections of a source have in common.
    struct Settings: Sendable {
        let group: MultiThreadedEventLoopGroup
        let tls: BackendTLS
        let userName: String?
        let password: String?
        /// Read anew for each connection; nil: the password is in no file.
        let passwordFile: String?
        let database: Int
    }

    init(
        to server: BackendServers.Server, _ settings: Settings, until deadline: ContinuousClock.Instant
    ) throws(ConnectionFault) {
        self.server = server
        channel = try Self.channel(to: server, settings, until: deadline)
        do throws(ConnectionFault) {
            try logIn(settings, until: deadline)
        } catch {
            close()
            throw error
        }
    }

    /// - Throws: For an error of the server's too.
    func ask(_ command: RedisCommand, until deadline: ContinuousClock.Instant) throws(ConnectionFault) -> RedisValue {
        let answer = try answer(to: command, until: deadline)
        if case .error(let words) = answer { throw RedisFault.fault(words) }
        return answer
    }

    /// Whatever it is.
    func answer(to command: RedisCommand, until deadline: ContinuousClock.Instant) throws(ConnectionFault) -> RedisValue
    {
        let promise = channel.eventLoop.makePromise(of: RedisValue.self)
        let late = channel.eventLoop.scheduleTask(in: Self.time(until: deadline)) {
            promise.fail(ConnectionFault.timedOut("no answer in time"))
        }
        defer { late.cancel() }
        // A channel that has been closed has no handler any more that could say so.
        channel.writeAndFlush(RedisQuestion(command: command.serialized, answer: promise)).whenFailure { error in
            promise.fail(error as? ConnectionFault ?? ConnectionFault.lost("\(error)"))
        }
        return try Self.wait(for: promise.futureResult)
    }

    func close() {
        channel.close(mode: .all, promise: nil)
    }

    // MARK: Connecting

    private static func channel(
        to server: BackendServers.Server, _ settings: Settings, until deadline: ContinuousClock.Instant
    ) throws(ConnectionFault) -> any Channel {
        let tls = settings.tls.isEnabled ? try RedisTLS(settings.tls, host: server.host) : nil
        return try wait(
            for: ClientBootstrap(group: settings.group)
                .connectTimeout(time(until: deadline))
                .channelOption(.socketOption(.so_keepalive), value: 1)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        guard let reader = RedisAnswerReader() else { throw ConnectionFault.lost("no memory") }
                        if let tls { try channel.pipeline.syncOperations.addHandler(tls.handler()) }
                        try channel.pipeline.syncOperations.addHandler(RedisChannelHandler(reader: reader))
                    }
                }
                .connect(host: server.host, port: server.port))
    }

    private func logIn(_ settings: Settings, until deadline: ContinuousClock.Instant) throws(ConnectionFault) {
        var commands: [RedisCommand] = []
        if let password = try PasswordFile.password(in: settings.passwordFile, orElse: settings.password) {
            commands.append(RedisCommand(["AUTH"] + (settings.userName.map { [$0] } ?? []) + [password]))
        }
        if settings.database != 0 { commands.append(RedisCommand(["SELECT", "\(settings.database)"])) }
        // Also tells whether the server lets us in as we are.
        commands.append(RedisCommand(["PING"]))
        for command in commands {
            guard case .error(let words) = try answer(to: command, until: deadline) else { continue }
            throw RedisFault.fault(words, isLogin: true)
        }
    }

    private static func wait<Value: Sendable>(for future: EventLoopFuture<Value>) throws(ConnectionFault) -> Value {
        do {
            return try future.wait()
        } catch let fault as ConnectionFault {
            throw fault
        } catch ChannelError.connectTimeout {
            throw .timedOut("no connection in time")
        } catch {
            throw .lost("\(error)")
        }
    }

    private static func time(until deadline: ContinuousClock.Instant) -> TimeAmount {
        let rest = ContinuousClock.now.duration(to: deadline) / .milliseconds(1)
        return .milliseconds(max(1, Int64(min(rest.rounded(.up), 3_600_000))))
    }
}

import BrokerLink
import NIOCore
import NIOPosix
import OutsideNames
import Synchronization
import TestSupport
import Testing

/// `broker.sessions: per_charge_point`: a charge point's own MQTT connection, with its client id, its credentials and
/// its Will.
@Suite(.timeLimit(.minutes(2)))
struct OwnConnectionTests {
    private struct NotAccepted: Error {
        var answer: String
    }

    private func configuration(port: Int, version: BrokerLinkConfiguration.ProtocolVersion = .v5)
        -> BrokerLinkConfiguration
    {
        var configuration = testConfiguration(port: port)
        configuration.sessions = .perChargePoint
        configuration.protocolVersion = version
        return configuration
    }

    private func logIn(_ gateway: TestLink, _ login: BrokerLogin) async throws -> BrokerLoginResult {
        try #require(await gateway.isUp())
        let eventLoop = MultiThreadedEventLoopGroup.singleton.next()
        return try await gateway.link.logIn(login, forTopic: "cs/\(login.clientID)", on: eventLoop).get()
    }

    private func accepted(_ gateway: TestLink, _ login: BrokerLogin) async throws -> BrokerConnection {
        let answer = try await logIn(gateway, login)
        guard case .accepted(let connection) = answer else { throw NotAccepted(answer: "\(answer)") }
        return connection
    }

    private func subscribe(_ connection: BrokerConnection, to topic: Topic) -> RecordingSubscriber {
        let subscriber = RecordingSubscriber()
        connection.subscribe(topic: topic, subscriber: subscriber)
        return subscriber
    }

    private func publish(_ connection: BrokerConnection, _ text: String, to topic: Topic = "cp/CP1")
        -> PublishAdmission
    {
        connection.publish(BrokerPublish(topic: topic, payload: ByteBuffer(string: text)))
    }

    @Test(arguments: BrokerLinkConfiguration.ProtocolVersion.allCases)
    func `A charge point has its own client ID and its messages pass both ways`(
        version: BrokerLinkConfiguration.ProtocolVersion
    )
        async throws
    {
        let broker = try await TestBroker.started()
        try await withLink(configuration(port: broker.port, version: version)) { gateway in
            let backend = gateway.subscribe("cp/CP1")
            let connection = try await accepted(gateway, BrokerLogin(clientID: "CP1"))
            #expect(connection.isUp)
            let session = subscribe(connection, to: "cs/CP1")
            #expect(await eventually { session.isSubscribed && backend.isSubscribed })
            #expect(publish(connection, "up") == .accepted)
            gateway.publish("cs/CP1", "down")
            #expect(await eventually { backend.payloads == ["up"] && session.payloads == ["down"] })
            #expect(broker.log.contains("as CP1 (p\(version == .v5 ? 5 : 2),"))
            #expect(gateway.link.pendingCount == 0)
        }
    }

    @Test func `The broker decides by the credentials`() async throws {
        let broker = try await TestBroker(
            listener: ["password_file $FOLDER/passwords"], anonymous: false, files: ["passwords": ""])
        let passwords = broker.folder.appendingPathComponent("passwords").path
        for (user, password) in [("gateway", "g"), ("CP1", "right")] {
            _ = try await run("mosquitto_passwd", ["-b", passwords, user, password])
        }
        try await broker.start()
        var configuration = configuration(port: broker.port)
        (configuration.username, configuration.password) = ("gateway", "g")
        try await withLink(configuration) { gateway in
            for (username, password) in [("CP1", "wrong-secret"), ("CP2", "right"), (nil, nil)]
                as [(UserName?, String?)]
            {
                let answer = try await logIn(
                    gateway, BrokerLogin(clientID: "CP1", username: username, password: password))
                guard case .refused(let reason) = answer else {
                    Issue.record("\(answer)")
                    continue
                }
                #expect(reason.hasPrefix("the broker refuses the connection: "))
            }
            let connection = try await accepted(
                gateway, BrokerLogin(clientID: "CP1", username: "CP1", password: "right"))
            #expect(connection.isUp)
            #expect(!gateway.log.contains("wrong-secret"))
        }
    }

    /// Mosquitto 2.0 gives no reason, and MQTT 3.1.1 has none: that the broker closed one connection only says it.
    @Test(arguments: BrokerLinkConfiguration.ProtocolVersion.allCases)
    func `A newer connection with the same client ID ends the older`(version: BrokerLinkConfiguration.ProtocolVersion)
        async throws
    {
        let broker = try await TestBroker.started()
        try await withLink(configuration(port: broker.port, version: version)) { gateway in
            let backend = gateway.subscribe("cp/CP1")
            let older = try await accepted(gateway, BrokerLogin(clientID: "CP1"))
            let olderSession = subscribe(older, to: "cs/CP1")
            #expect(await eventually { olderSession.isSubscribed && backend.isSubscribed })
            let newer = try await accepted(gateway, BrokerLogin(clientID: "CP1"))
            let newerSession = subscribe(newer, to: "cs/CP1")
            #expect(await eventually { olderSession.events.contains(.ended(.takenOver)) })
            #expect(!older.isUp)
            // What the older session still has to say goes out on the shared connection.
            #expect(publish(older, "report") == .accepted)
            #expect(await eventually { backend.payloads == ["report"] && newerSession.isSubscribed })
            gateway.publish("cs/CP1", "for the newer")
            #expect(await eventually { newerSession.payloads == ["for the newer"] })
            #expect(olderSession.payloads.isEmpty)
            #expect(newer.isUp)
        }
    }

    @Test func `The will is published when the connection breaks and not when it is closed`() async throws {
        let broker = try await TestBroker.started()
        let proxy = try await TCPProxy.start(target: broker.port)
        try await withLink(testConfiguration(port: broker.port, clientID: "watcher")) { watcher in
            let wills = watcher.subscribe("cp/CP1/Presence")
            #expect(await eventually { wills.isSubscribed })
            try await withLink(configuration(port: proxy.port)) { gateway in
                let will = BrokerLinkConfiguration.Will(topic: "cp/CP1/Presence", payload: "gone", retain: false)
                let closed = try await accepted(gateway, BrokerLogin(clientID: "CP1", will: will))
                closed.close()
                #expect(await eventually { broker.log.contains("Client CP1 disconnected.") })
                let cut = try await accepted(gateway, BrokerLogin(clientID: "CP1", will: will))
                let session = subscribe(cut, to: "cs/CP1")
                #expect(await eventually { session.isSubscribed })
                #expect(wills.payloads.isEmpty)
                proxy.refuse()
                #expect(await eventually { wills.payloads == ["gone"] })
                #expect(await eventually { session.events.contains(.changed(isUp: false)) })
            }
        }
    }

    @Test(arguments: [Duration.seconds(60), .zero])
    func `After a lost link the connection comes back with its subscription and what waited`(expiry: Duration)
        async throws
    {
        let broker = try await TestBroker.started()
        let proxy = try await TCPProxy.start(target: broker.port)
        try await withLink(testConfiguration(port: broker.port, clientID: "backend")) { backend in
            let upstream = backend.subscribe("cp/CP1")
            #expect(await eventually { upstream.isSubscribed })
            var configuration = configuration(port: proxy.port)
            configuration.sessionExpiry = expiry
            try await withLink(configuration) { gateway in
                let connection = try await accepted(gateway, BrokerLogin(clientID: "CP1"))
                let session = subscribe(connection, to: "cs/CP1")
                #expect(await eventually { session.isSubscribed })
                proxy.refuse()
                #expect(await eventually { !connection.isUp })
                #expect(publish(connection, "held") == .accepted)
                if expiry > .zero { backend.publish("cs/CP1", "meanwhile") }
                proxy.pass()
                #expect(await eventually { session.events.contains(.changed(isUp: true)) })
                #expect(await eventually { upstream.payloads == ["held"] })
                if expiry > .zero {
                    #expect(await eventually { session.payloads == ["meanwhile"] })
                }
                // One subscription behind the reconnect is enough: wait for it by using it.
                #expect(
                    await eventually {
                        backend.publish("cs/CP1", "later")
                        try? await Task.sleep(nanoseconds: 20_000_000)
                        return session.payloads.contains("later")
                    })
                #expect(gateway.link.pendingCount == 0)
            }
        }
    }

    /// The gateway that had the charge point has died: the broker keeps its commands for the next one.
    @Test func `What the broker kept for a client ID comes to the next session`() async throws {
        let broker = try await TestBroker.started()
        let proxy = try await TCPProxy.start(target: broker.port)
        try await withLink(configuration(port: broker.port)) { next in
            // Two gateways of one client id would end each other's shared connection in turn.
            var doomed = configuration(port: proxy.port)
            doomed.clientID = "doomed"
            try await withLink(doomed) { dead in
                let connection = try await accepted(dead, BrokerLogin(clientID: "CP1"))
                let session = subscribe(connection, to: "cs/CP1")
                #expect(await eventually { session.isSubscribed })
                proxy.refuse()
                #expect(await eventually { !connection.isUp })
                for number in 0..<30 { next.publish("cs/CP1", "\(number)") }
                #expect(await eventually { next.link.pendingCount == 0 })
                let newer = try await accepted(next, BrokerLogin(clientID: "CP1"))
                // The session comes a little later; what is there already waits for it.
                try await Task.sleep(nanoseconds: 50_000_000)
                let newerSession = subscribe(newer, to: "cs/CP1")
                #expect(await eventually { newerSession.payloads == (0..<30).map(String.init) })
            }
        }
    }

    @Test func `What is left when a session ends with its link down goes out on the shared connection`() async throws {
        let broker = try await TestBroker.started()
        let proxy = try await TCPProxy.start(target: broker.port)
        try await withLink(testConfiguration(port: broker.port, clientID: "backend")) { backend in
            let upstream = backend.subscribe("cp/CP1")
            #expect(await eventually { upstream.isSubscribed })
            try await withLink(configuration(port: proxy.port)) { gateway in
                let connection = try await accepted(gateway, BrokerLogin(clientID: "CP1"))
                let session = subscribe(connection, to: "cs/CP1")
                #expect(await eventually { session.isSubscribed })
                proxy.refuse()
                #expect(await eventually { !connection.isUp })
                #expect(publish(connection, "1") == .accepted)
                connection.unsubscribe(topic: "cs/CP1", subscriber: session)
                connection.close()
                #expect(publish(connection, "2") == .accepted)
                proxy.pass()
                #expect(await eventually { Set(upstream.payloads) == ["1", "2"] })
                #expect(await eventually { gateway.link.pendingCount == 0 })
            }
        }
    }

    @Test func `A login that comes before the first link waits for it`() async throws {
        let broker = try await TestBroker.started()
        var patient = configuration(port: broker.port)
        patient.firstLinkTime = .seconds(60)
        let gateway = TestLink(patient)
        let eventLoop = MultiThreadedEventLoopGroup.singleton.next()
        let answer = gateway.link.logIn(BrokerLogin(clientID: "CP1"), forTopic: "cs/CP1", on: eventLoop)
        gateway.link.start()
        guard case .accepted = try await answer.get() else {
            Issue.record("\(answer)")
            return
        }
        #expect(await gateway.link.stop(deadline: .now() + .seconds(5)) == 0)
    }

    @Test func `Without a broker a login is answered soon`() async throws {
        try await withLink(configuration(port: try freePort())) { gateway in
            let eventLoop = MultiThreadedEventLoopGroup.singleton.next()
            let answer = try await gateway.link.logIn(
                BrokerLogin(clientID: "CP1"), forTopic: "cs/CP1", on: eventLoop
            ).get()
            guard case .unavailable(let reason) = answer else {
                Issue.record("\(answer)")
                return
            }
            #expect(reason == "the broker cannot be reached")
        }
    }

    @Test func `After the stop a login is refused`() async throws {
        let broker = try await TestBroker.started()
        let gateway = TestLink(configuration(port: broker.port))
        gateway.link.start()
        _ = try await accepted(gateway, BrokerLogin(clientID: "CP1"))
        #expect(await gateway.link.stop(deadline: .now() + .seconds(5)) == 0)
        let eventLoop = MultiThreadedEventLoopGroup.singleton.next()
        let answer = try await gateway.link.logIn(BrokerLogin(clientID: "CP2"), forTopic: "cs/CP2", on: eventLoop).get()
        guard case .unavailable = answer else {
            Issue.record("\(answer)")
            return
        }
    }

    @Test(arguments: [false, true])
    func `A connection that has ended is let go of`(byTakeover: Bool) async throws {
        let broker = try await TestBroker.started()
        var configuration = configuration(port: broker.port)
        // What an ended one still has to do with comes within a second.
        configuration.keepAlive = .seconds(5)
        try await withLink(configuration) { gateway in
            weak var ended: BrokerConnection?
            var newer: BrokerConnection?
            do {
                let connection = try await accepted(gateway, BrokerLogin(clientID: "CP1"))
                ended = connection
                let session = subscribe(connection, to: "cs/CP1")
                #expect(await eventually { session.isSubscribed })
                if byTakeover {
                    newer = try await accepted(gateway, BrokerLogin(clientID: "CP1"))
                } else {
                    connection.unsubscribe(topic: "cs/CP1", subscriber: session)
                    connection.close()
                }
            }
            #expect(await eventually { ended == nil })
            newer?.close()
        }
    }

    /// After an outage, of many that connect at once the last wait for their turn.
    @Test func `Connections that end before their turn do not connect later`() async throws {
        enum Stage { case acceptsAll, acceptsNobody, acceptsOne, isSilent }
        // In the end the shared connection is accepted, and nobody else hears anything.
        let state = Mutex((stage: Stage.acceptsAll, attemptsAtLast: 0))
        let broker = try await ScriptedBroker { _ in
            state.withLock { state in
                switch state.stage {
                case .acceptsAll: return .bytes([0x20, 0x03, 0x00, 0x00, 0x00])
                case .acceptsNobody: return .close
                case .acceptsOne:
                    state.stage = .isSilent
                    return .bytes([0x20, 0x03, 0x00, 0x00, 0x00])
                case .isSilent:
                    state.attemptsAtLast += 1
                    return .silence
                }
            }
        }
        try await withLink(configuration(port: broker.port)) { gateway in
            var sessions: [(id: String, connection: BrokerConnection, session: RecordingSubscriber)] = []
            for number in 0..<100 {
                let connection = try await accepted(gateway, BrokerLogin(clientID: "CP\(number)"))
                sessions.append(("CP\(number)", connection, subscribe(connection, to: "cs/CP\(number)")))
            }
            // The shared one first: others that are lost while it is up would be taken for taken over.
            state.withLock { $0.stage = .acceptsNobody }
            broker.dropFirstConnection()
            #expect(await eventually { !gateway.link.isUp })
            broker.dropConnections()
            #expect(await eventually { sessions.allSatisfy { !$0.connection.isUp } })
            state.withLock { $0.stage = .acceptsOne }
            #expect(await eventually { state.withLock { $0.attemptsAtLast } == 64 })
            #expect(await eventually { gateway.link.statuses.first?.waitingToConnect == 100 - 64 })
            // Those that wait end first: the end of one that tries would give its turn to one of them.
            let trying = broker.clientIDs.suffix(64)
            #expect(sessions.count { trying.contains($0.id) } == 64)
            for each in sessions where !trying.contains(each.id) { each.connection.close() }
            #expect(await eventually { gateway.link.statuses.first?.waitingToConnect == 0 })
            for each in sessions where trying.contains(each.id) { each.connection.close() }
            // Behind them in the queue: when this one tries, they would have tried.
            let eventLoop = MultiThreadedEventLoopGroup.singleton.next()
            let door = eventLoop.makePromise(of: Void.self)
            let last = gateway.link.logIn(
                BrokerLogin(clientID: "last"), forTopic: "cs/last", on: eventLoop, unless: door.futureResult)
            #expect(await eventually { state.withLock { $0.attemptsAtLast } > 64 })
            door.succeed()
            guard case .unavailable(reason: "the charge point has gone") = try await last.get() else {
                Issue.record("\(last)")
                return
            }
            #expect(state.withLock { $0.attemptsAtLast } == 64 + 1)
            #expect(gateway.link.statuses.first?.waitingToConnect == 0)
        }
    }

    @Test func `A login beyond the bound is refused at once and there is room again later`() async throws {
        let broker = try await ScriptedBroker { _ in .silence }
        var configuration = configuration(port: broker.port)
        configuration.maxLogins = 3
        let gateway = TestLink(configuration)
        let eventLoop = MultiThreadedEventLoopGroup.singleton.next()
        // Nothing is started: they wait.
        let waiting = (0..<3).map { number in
            gateway.link.logIn(
                BrokerLogin(clientID: "CP\(number)"), forTopic: "cs/CP\(number)", on: eventLoop)
        }
        let beyond = gateway.link.logIn(BrokerLogin(clientID: "CP3"), forTopic: "cs/CP3", on: eventLoop)
        guard case .unavailable(reason: "too many charge points wait for the broker") = try await beyond.get() else {
            Issue.record("\(beyond)")
            return
        }
        gateway.link.start()
        for answer in waiting { _ = try await answer.get() }
        let later = gateway.link.logIn(BrokerLogin(clientID: "CP4"), forTopic: "cs/CP4", on: eventLoop)
        guard case .unavailable(reason: "the broker cannot be reached") = try await later.get() else {
            Issue.record("\(later)")
            return
        }
        _ = await gateway.link.stop(deadline: .now())
    }

    /// The broker answers nobody: 64 are connecting, one more waits for its turn, and goes.
    @Test func `A login whose charge point has gone is never made`() async throws {
        let patience = Mutex(1)
        let broker = try await ScriptedBroker { _ in
            let isAccepted = patience.withLock { patience in
                patience -= 1
                return patience >= 0
            }
            return isAccepted ? .bytes([0x20, 0x03, 0x00, 0x00, 0x00]) : .silence
        }
        try await withLink(configuration(port: broker.port)) { gateway in
            #expect(await gateway.isUp())
            let eventLoop = MultiThreadedEventLoopGroup.singleton.next()
            let doors = (0..<66).map { _ in eventLoop.makePromise(of: Void.self) }
            let answers = doors.enumerated().map { number, door in
                gateway.link.logIn(
                    BrokerLogin(clientID: "CP\(number)"), forTopic: "cs/CP\(number)", on: eventLoop,
                    unless: door.futureResult)
            }
            #expect(await eventually { broker.versions.count == 1 + 64 })
            doors[64].succeed()
            guard case .unavailable(reason: "the charge point has gone") = try await answers[64].get() else {
                Issue.record("\(answers[64])")
                return
            }
            // Those that are connecting go too: it is the turn of the last one, and of that alone.
            for door in doors[0..<64] { door.succeed() }
            #expect(await eventually { broker.versions.count == 1 + 64 + 1 })
            doors[65].succeed()
            for answer in answers { _ = try await answer.get() }
            #expect(broker.versions.count == 1 + 64 + 1)
        }
    }

    @Test func `Five hundred connections come back after the broker and leave no descriptor`() async throws {
        let broker = try await TestBroker.started()
        try await withLink(configuration(port: broker.port)) { gateway in
            var sessions: [(connection: BrokerConnection, session: RecordingSubscriber)] = []
            for number in 0..<500 {
                let connection = try await accepted(gateway, BrokerLogin(clientID: "CP\(number)"))
                sessions.append((connection, subscribe(connection, to: "cs/CP\(number)")))
            }
            #expect(await eventually { sessions.allSatisfy { $0.session.isSubscribed } })
            await broker.kill()
            #expect(await eventually { sessions.allSatisfy { !$0.connection.isUp } })
            try await broker.start()
            #expect(await eventually { sessions.allSatisfy { $0.connection.isUp } })
            let backend = gateway.subscribe("cp/all")
            #expect(await eventually { backend.isSubscribed })
            for (connection, _) in sessions { #expect(publish(connection, "here", to: "cp/all") == .accepted) }
            #expect(await eventually { backend.payloads.count == 500 })
            for (number, item) in sessions.enumerated() {
                item.connection.unsubscribe(topic: "cs/CP\(number)", subscriber: item.session)
                item.connection.close()
            }
            #expect(
                await eventually {
                    broker.log.split(separator: "\n").filter {
                        $0.contains("Client CP") && $0.hasSuffix("disconnected.")
                    }
                    .count >= 500
                })
            #expect(gateway.link.pendingCount == 0)
        }
    }
}

import Glibc
import NIOCore
import NIOPosix
import TestSupport
import Testing

/// behaviour.md, "The broker link".
@Suite struct OutageTests {
    @Test func `Cut links under load cost no answer and no session`() async throws {
        let broker = try await TestBroker.start()
        let proxy = try await TCPProxy.start(target: broker.port)
        try await withSite(broker: broker, brokerPort: proxy.port, weight: Slots.all) { site in
            let busy = try await BusyChargePoints.connect(200, to: site)
            try await busy.call {
                try await busy.more(400)
                proxy.cut()
                try await busy.more(400)
                // In the middle of a packet, most likely.
                for bytes in [1, 777, 20_011] {
                    proxy.cut(afterBytes: bytes)
                    try await busy.more(400)
                }
            }
            #expect(busy.errors.value == 0, "every CALL gets its result")
            #expect(busy.dropped.isEmpty)
            #expect(busy.surplus.isEmpty)
            #expect(try await busy.commandOnce(from: site.central).allSatisfy { $0.type == 3 })
        }
        await proxy.close()
    }

    @Test(arguments: ["5", "3.1.1"], ["shared", "per_charge_point"])
    func `A command published while the link is lost is delivered afterwards`(version: String, sessions: String)
        async throws
    {
        let broker = try await TestBroker.start()
        let proxy = try await TCPProxy.start(target: broker.port)
        let settings = ["BROKER_PROTOCOL": version, "BROKER_SESSIONS": sessions]
        try await withSite(settings, broker: broker, brokerPort: proxy.port) { site in
            let chargePoint = try await site.connectReady()
            chargePoint.acceptEveryCall()
            proxy.refuse()
            try await eventually("the gateway tries to reconnect") { proxy.accepted > 1 }
            for number in 1...5 {
                try await site.central.sendCall("Reset", id: "d\(number)", to: "CP-1")
            }
            proxy.pass()
            for number in 1...5 {
                #expect(try await site.central.reply(to: "d\(number)", of: "CP-1").type == 3)
            }
        }
        await proxy.close()
    }

    @Test(arguments: ["5", "3.1.1"])
    func `A command published while the gateway was dead is reported and its subscription goes`(version: String)
        async throws
    {
        let settings = ["BROKER_PROTOCOL": version, "BROKER_CLIENT_ID": "dead-and-back"]
        try await withSite(settings) { site in
            _ = try await site.connectReady()
            site.gateway.child.send(signal: 9)
            _ = try await site.gateway.child.exit()
            try await site.central.sendCall("Reset", id: "kept", to: "CP-1")
            let address = ["BROKER_URL": "mqtt://127.0.0.1:\(site.broker.port)"]
            let next = try await GatewayProcess.start(settings.merging(address) { _, new in new })
            do {
                let report = try await site.central.received.take("the report") { $0.uniqueID == "kept" }
                #expect(report.reason == "not_connected" && report.type == 4)
                try await eventually("the subscription is gone") {
                    site.broker.lines.contains { $0.hasSuffix(" dead-and-back ocpp/cs/CP-1") }
                }
            } catch {
                await next.child.end()
                throw Failure("\(error)\n\(next.lastLogLines)")
            }
            await next.child.end()
        }
    }

    @Test func `A broker that accepts and says nothing is left for the next address`() async throws {
        let silent = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelOption(.autoRead, value: false)
            .bind(host: "127.0.0.1", port: try freePort()).get()
        let broker = try await TestBroker.start()
        let addresses = "mqtt://127.0.0.1:\(silent.localAddress?.port ?? 0),mqtt://127.0.0.1:\(broker.port)"
        let gateway = try await GatewayProcess.start(["BROKER_URL": addresses, "BROKER_KEEP_ALIVE": "5s"])
        do {
            try await gateway.log("the silence") {
                $0.message == "broker not reachable" && $0.mentions("no answer in time")
            }
            try await gateway.log("the link") { $0.message == "broker link up" && $0.mentions("\(broker.port)") }
        } catch {
            await gateway.child.end()
            await broker.remove()
            throw error
        }
        await gateway.child.end()
        await broker.remove()
        try await silent.close()
    }

    @Test func `A killed and restarted broker leaves every call with exactly one answer`() async throws {
        try await withSite(["UPSTREAM_ANSWER_TIMEOUT": "5s"], weight: Slots.all) { site in
            let busy = try await BusyChargePoints.connect(200, to: site)
            try await busy.call {
                for _ in 1...2 {
                    try await busy.more(400)
                    await site.broker.kill()
                    try await site.broker.start()
                    try await busy.more(400)
                }
            }
            #expect(busy.dropped.isEmpty)
            #expect(busy.surplus.isEmpty, "a CALL has one answer")
            // On a slow machine the short time-out passes for some of so many at once.
            try await eventually("every CALL gets its result") {
                try await busy.callOnce().allSatisfy { $0.type == 3 }
            }
            #expect(try await busy.commandOnce(from: site.central).allSatisfy { $0.type == 3 })
        }
    }

    @Test func `A broker that answers nothing is left after the keep alive`() async throws {
        let broker = try await TestBroker.start()
        let proxy = try await TCPProxy.start(target: broker.port)
        try await withSite(["BROKER_KEEP_ALIVE": "5s"], broker: broker, brokerPort: proxy.port) { site in
            let chargePoint = try await site.connectReady()
            try await proxy.stall()
            #expect(OCPPText(try await chargePoint.call("Heartbeat")).type == 3)
            #expect(proxy.accepted > 1)
        }
        await proxy.close()
    }

    @Test func `A gateway started before its broker keeps trying and loses nothing`() async throws {
        let broker = try await TestBroker.prepare()
        let proxy = try await TCPProxy.start(target: broker.port)
        let gateway = try await GatewayProcess.start(["BROKER_URL": "mqtt://127.0.0.1:\(proxy.port)"])
        do {
            let chargePoint = try await ChargePointClient.connect(port: try await gateway.port(), identity: "CP-1")
            try await eventually("some attempts") { proxy.accepted >= 3 }
            try await chargePoint.send(text: #"[2,"early","Heartbeat",{}]"#)
            proxy.refuse()
            try await broker.start()
            let central = try await CentralSystem.connect(port: broker.port)
            proxy.pass()
            #expect(OCPPText(try await chargePoint.texts.take("the answer")).uniqueID == "early")
            #expect(try await gateway.stop() == 0)
            await central.stop()
        } catch {
            await gateway.child.end()
            await broker.remove()
            throw Failure("\(error)\n\(gateway.lastLogLines)")
        }
        await broker.remove()
        await proxy.close()
    }

    @Test func `A thousand and a half sessions survive a brokers restart`() async throws {
        try #require(raisedDescriptorLimit >= 4096, "the limit of open files is too low for this test")
        try await withSite(weight: Slots.all) { site in
            let busy = try await BusyChargePoints.connect(1500, to: site)
            #expect(try await busy.callOnce().allSatisfy { $0.type == 3 })
            #expect(site.gateway.child.openDescriptors > 1500)
            let links = site.central.links.value
            await site.broker.kill()
            try await site.broker.start()
            try await eventually("the central system is back") { site.central.links.value > links }
            #expect(try await busy.callOnce().allSatisfy { $0.type == 3 })
            #expect(try await busy.commandOnce(from: site.central).allSatisfy { $0.type == 3 })
            #expect(busy.dropped.isEmpty && busy.surplus.isEmpty)
        }
    }

    @Test func `Calls beyond max pending get internal error at once and the others their results`() async throws {
        let broker = try await TestBroker.start()
        let proxy = try await TCPProxy.start(target: broker.port)
        try await withSite(["BROKER_MAX_PENDING": "10"], broker: broker, brokerPort: proxy.port) { site in
            let busy = try await BusyChargePoints.connect(12, to: site)
            _ = try await busy.callOnce()
            proxy.refuse()
            try await eventually("the gateway tries to reconnect") { proxy.accepted > 1 }
            let begin = ContinuousClock.now
            let refusedAt = Mailbox<Duration>("refusals")
            async let answers = withThrowingTaskGroup(of: OCPPText.self) { group in
                for client in busy.clients {
                    group.addTask {
                        let answer = OCPPText(try await client.call("Heartbeat"))
                        if answer.errorCode == "InternalError" {
                            refusedAt.append(ContinuousClock.now - begin)
                        }
                        return answer
                    }
                }
                return try await group.reduce(into: [OCPPText]()) { $0.append($1) }
            }
            _ = try await refusedAt.first("a refusal", within: .seconds(24))
            proxy.pass()
            let all = try await answers
            #expect(all.count { $0.type == 3 } == 10)
            #expect(all.count { $0.errorCode == "InternalError" } == 2)
        }
        await proxy.close()
    }

    @Test func `With outage disconnect sessions are closed and handshakes refused until the broker is back`()
        async throws
    {
        let broker = try await TestBroker.start()
        let proxy = try await TCPProxy.start(target: broker.port)
        let settings = ["BROKER_OUTAGE": "disconnect", "BROKER_OUTAGE_TIMEOUT": "1s"]
        try await withSite(settings, broker: broker, brokerPort: proxy.port) { site in
            // Before the first link handshakes are refused, too.
            _ = try await site.gateway.log("the broker link") { $0.message == "broker link up" }
            let chargePoint = try await site.connectReady()
            proxy.refuse()
            #expect(try await chargePoint.closing().code == 1013)
            let (_, refused) = try await ChargePointClient.open(port: site.port, identity: "CP-1")
            #expect(refused.status == 503 && refused.header("retry-after") != nil)
            proxy.pass()
            try await eventually("handshakes are accepted again") {
                let (client, answer) = try await ChargePointClient.open(port: site.port, identity: "CP-1")
                await client.cut()
                return answer.status == 101
            }
        }
        await proxy.close()
    }

    @Test func `Several connections to the broker share the charge points`() async throws {
        let broker = try await TestBroker.start()
        let proxy = try await TCPProxy.start(target: broker.port)
        try await withSite(["BROKER_CONNECTIONS": "3"], broker: broker, brokerPort: proxy.port) { site in
            let busy = try await BusyChargePoints.connect(60, to: site)
            for _ in 1...2 {
                #expect(try await busy.callOnce().allSatisfy { $0.type == 3 })
                #expect(try await busy.commandOnce(from: site.central).allSatisfy { $0.type == 3 })
                proxy.cut()
            }
            #expect(proxy.accepted >= 3)
            #expect(busy.dropped.isEmpty)
        }
        await proxy.close()
    }

    @Test func `The next address is tried when a broker cannot be reached`() async throws {
        let nobody = try freePort()
        let broker = try await TestBroker.start()
        let central = try await CentralSystem.connect(port: broker.port)
        let gateway = try await GatewayProcess.start([
            "BROKER_URL": "mqtt://127.0.0.1:\(nobody),mqtt://127.0.0.1:\(broker.port)"
        ])
        do {
            let chargePoint = try await ChargePointClient.connect(port: try await gateway.port(), identity: "CP-1")
            #expect(OCPPText(try await chargePoint.call("Heartbeat")).type == 3)
        } catch {
            await gateway.child.end()
            await broker.remove()
            throw Failure("\(error)\n\(gateway.lastLogLines)")
        }
        await gateway.child.end()
        await central.stop()
        await broker.remove()
    }

    @Test func `Without a session expiry the subscriptions are made again`() async throws {
        let broker = try await TestBroker.start()
        let proxy = try await TCPProxy.start(target: broker.port)
        try await withSite(["BROKER_SESSION_EXPIRY": "0s"], broker: broker, brokerPort: proxy.port) { site in
            let busy = try await BusyChargePoints.connect(150, to: site)
            _ = try await busy.callOnce()
            let before = proxy.accepted
            proxy.cut()
            try await eventually("the gateway is back") { proxy.accepted > before }
            #expect(try await busy.callOnce().allSatisfy { $0.type == 3 })
            #expect(try await busy.commandOnce(from: site.central).allSatisfy { $0.type == 3 })
        }
        await proxy.close()
    }
}

/// behaviour.md, "Stopping".
@Suite struct StoppingTests {
    @Test(arguments: [SIGTERM, SIGINT])
    func `An orderly stop closes every session publishes what is pending and exits with zero`(signal: Int32)
        async throws
    {
        try await withSite(["SHUTDOWN_DRAIN_TIME": "2s"], weight: Slots.all) { site in
            let busy = try await BusyChargePoints.connect(100, to: site)
            for client in busy.clients {
                client.onCall { _ in nil }
            }
            site.central.onCall { _ in .none }
            for client in busy.clients {
                try await client.send(text: #"[2,"first","Heartbeat",{}]"#)
                _ = try await site.central.upstreamCall("Heartbeat", id: "first", of: client.identity)
                try await site.central.sendCall("Reset", id: "open", to: client.identity)
            }
            // With a broker that answers nothing for a while, what is sent now is pending when the stop begins.
            await site.broker.freeze()
            for client in busy.clients {
                for number in 1...5 {
                    try await client.send(text: #"[2,"u\#(number)","MeterValues",{}]"#)
                }
                try await client.send(WebSocketFrame(.ping, [1]))
            }
            for client in busy.clients {
                _ = try await client.texts.take("the pong") { $0.hasPrefix("(opcode 10)") }
            }
            site.gateway.child.send(signal: signal)
            await site.broker.thaw()
            for client in busy.clients {
                let closing = try await client.closing()
                #expect(closing == .init(code: 1001, reason: "going away"))
            }
            #expect(try await site.gateway.child.exit().code == 0)
            for client in busy.clients {
                for number in 1...5 {
                    _ = try await site.central.upstreamCall("MeterValues", id: "u\(number)", of: client.identity)
                }
                let report = try await site.central.reply(to: "open", of: client.identity)
                #expect(report.reason == "disconnected")
            }
        }
    }

    @Test func `A second signal ends it at once`() async throws {
        try await withSite(["SHUTDOWN_DRAIN_TIME": "60s"]) { site in
            let chargePoints = try await BusyChargePoints.connect(20, to: site)
            _ = try await chargePoints.callOnce()
            await site.broker.freeze()
            site.gateway.child.send(signal: SIGTERM)
            try await eventually("the first sessions are closed") { !chargePoints.dropped.isEmpty }
            site.gateway.child.send(signal: SIGTERM)
            let begin = ContinuousClock.now
            _ = try await site.gateway.child.exit(within: 30)
            #expect(ContinuousClock.now - begin < .seconds(30))
            await site.broker.thaw()
        }
    }
}

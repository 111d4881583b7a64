import Foundation
import NIOCore
import TestSupport
import Testing

/// behaviour.md, "One session per charge point" and "OCPP-J rules, both ways".
@Suite struct SessionRulesTests {
    /// Long enough to see something that must not happen; a slow machine can only make this check weaker.
    private static let quiet = Duration.milliseconds(300)

    @Test func `One call at a time goes to the charge point and the rest wait in their order`() async throws {
        try await withSite { site in
            let chargePoint = try await site.connectReady()
            for number in 1...4 {
                try await site.central.sendCall("Reset", id: "d\(number)", to: "CP-1")
            }
            for number in 1...4 {
                let call = OCPPText(try await chargePoint.texts.take("CALL \(number)"))
                #expect(call.uniqueID == "d\(number)")
                try await Task.sleep(for: Self.quiet)
                #expect(chargePoint.texts.all.isEmpty, "a second CALL came before the first was answered")
                let answer = number == 2 ? #"[4,"d2","GenericError","",{}]"# : #"[3,"d\#(number)",{}]"#
                try await chargePoint.send(text: answer)
            }
            _ = try await site.central.reply(to: "d4", of: "CP-1")
        }
    }

    @Test func `Answers never wait behind calls`() async throws {
        try await withSite { site in
            let chargePoint = try await site.connectReady()
            for number in 1...3 {
                try await site.central.sendCall("Reset", id: "d\(number)", to: "CP-1")
            }
            _ = try await chargePoint.texts.take("the first CALL")
            #expect(OCPPText(try await chargePoint.call("Heartbeat")).type == 3)
            site.central.onCall { _ in .error(code: "GenericError", description: "", details: "{}") }
            #expect(OCPPText(try await chargePoint.call("Heartbeat")).type == 4)
            #expect(chargePoint.texts.all.isEmpty)
        }
    }

    @Test func `A call for a full queue is reported`() async throws {
        try await withSite(["DNSTREAM_MAX_MQUEUE_LEN": "3"]) { site in
            let chargePoint = try await site.connectReady()
            for number in 1...5 {
                try await site.central.sendCall("Reset", id: "d\(number)", to: "CP-1")
            }
            let report = try await site.central.reply(to: "d5", of: "CP-1")
            #expect(
                report.text.hasPrefix(
                    #"{"MessageTypeId":4,"UniqueId":"d5","ErrorCode":"GenericError","ErrorDescription":""#))
            #expect(report.source == "gateway" && report.reason == "queue_full")
            chargePoint.acceptEveryCall()
            try await chargePoint.send(text: #"[3,"d1",{}]"#)
            for number in 1...4 {
                #expect(try await site.central.reply(to: "d\(number)", of: "CP-1").type == 3)
            }
            try await site.gateway.log("queue_full") { $0.mentions("queue_full", "CP-1") }
        }
    }

    @Test func `A second call with a unique id in flight or queued is not delivered twice and only logged`()
        async throws
    {
        try await withSite { site in
            let chargePoint = try await site.connectReady()
            for id in ["d1", "d2", "d1", "d2"] {
                try await site.central.sendCall("Reset", id: id, to: "CP-1")
            }
            // Answered before the broker has delivered them, they would be no duplicates any more.
            try await eventually("both duplicates are there") {
                site.gateway.logLines.count { $0.mentions("duplicate", "CP-1") } == 2
            }
            for id in ["d1", "d2"] {
                #expect(OCPPText(try await chargePoint.texts.take("CALL \(id)")).uniqueID == id)
                try await chargePoint.send(text: #"[3,"\#(id)",{}]"#)
            }
            _ = try await site.central.reply(to: "d2", of: "CP-1")
            try await site.central.sendCall("Reset", id: "d3", to: "CP-1")
            #expect(OCPPText(try await chargePoint.texts.take("CALL d3")).uniqueID == "d3")
            #expect(site.central.received.all.filter { $0.type == 4 }.isEmpty)
        }
    }

    @Test func `An answer that nobody asked for is not delivered and only logged`() async throws {
        try await withSite { site in
            let chargePoint = try await site.connectReady()
            try await site.central.send(#"{"MessageTypeId":3,"UniqueId":"no","Payload":{}}"#, to: "CP-1")
            try await site.central.send(
                #"{"MessageTypeId":4,"UniqueId":"no","ErrorCode":"GenericError"}"#, to: "CP-1")
            // Already answered is as good as never asked.
            try await site.central.send(#"{"MessageTypeId":3,"UniqueId":"ready","Payload":{}}"#, to: "CP-1")
            try await site.central.sendCall("Reset", id: "d1", to: "CP-1")
            #expect(OCPPText(try await chargePoint.texts.take("the CALL")).uniqueID == "d1")
            try await site.gateway.log("unsolicited") { $0.mentions("answer to no open CALL", "CP-1") }
            #expect(site.central.received.all.filter { $0.type != 2 }.isEmpty)
        }
    }

    @Test func `A retained message is a stale command and refused`() async throws {
        try await withSite { site in
            var message = MQTTMessage(
                topic: "ocpp/cs/CP-1", text: #"{"MessageTypeId":2,"UniqueId":"old","Action":"Reset","Payload":{}}"#)
            message.isRetained = true
            try await site.central.publish(message)
            let chargePoint = try await site.connectReady()
            let report = try await site.central.reply(to: "old", of: "CP-1")
            #expect(report.source == "gateway" && report.reason == "retained" && report.errorCode == "GenericError")
            #expect(report.failedType == 2)
            try await site.central.sendCall("Reset", id: "new", to: "CP-1")
            #expect(OCPPText(try await chargePoint.texts.take("the CALL")).uniqueID == "new")
        }
    }

    @Test func `A call whose expiry passes in the queue is reported`() async throws {
        try await withSite { site in
            let chargePoint = try await site.connectReady()
            try await site.central.sendCall("Reset", id: "d1", to: "CP-1")
            try await site.central.send(
                #"{"MessageTypeId":2,"UniqueId":"d2","Action":"Reset","Payload":{}}"#, to: "CP-1", expiry: 4)
            try await site.central.sendCall("Reset", id: "d3", to: "CP-1")
            _ = try await chargePoint.texts.take("the first CALL")
            let report = try await site.central.reply(to: "d2", of: "CP-1")
            #expect(report.source == "gateway" && report.reason == "expired" && report.errorCode == "GenericError")
            try await chargePoint.send(text: #"[3,"d1",{}]"#)
            #expect(OCPPText(try await chargePoint.texts.take("the next CALL")).uniqueID == "d3")
        }
    }

    @Test func `An unanswered call is given up and the next goes out and a late answer is still published`()
        async throws
    {
        try await withSite(["DNSTREAM_CALL_TIMEOUT": "5s"]) { site in
            let chargePoint = try await site.connectReady()
            let begin = ContinuousClock.now
            try await site.central.sendCall("Reset", id: "d1", to: "CP-1")
            try await site.central.sendCall("Reset", id: "d2", to: "CP-1")
            _ = try await chargePoint.texts.take("the first CALL")
            let report = try await site.central.reply(to: "d1", of: "CP-1")
            #expect(ContinuousClock.now - begin > .milliseconds(4900))
            #expect(
                report.source == "gateway" && report.reason == "call_timeout" && report.errorCode == "GenericError")
            #expect(OCPPText(try await chargePoint.texts.take("the next CALL")).uniqueID == "d2")
            try await chargePoint.send(text: #"[3,"d1",{"late":true}]"#)
            let late = try await site.central.received.first("the late answer") {
                $0.type == 3 && $0.uniqueID == "d1"
            }
            #expect(late.text == #"{"MessageTypeId":3,"UniqueId":"d1","Payload":{"late":true}}"#)
            try await site.gateway.log("late answer") { $0.mentions("late", "CP-1") }
            try await chargePoint.send(text: #"[3,"d2",{}]"#)
            #expect(try await site.central.reply(to: "d2", of: "CP-1").type == 3)
        }
    }

    @Test func `Calls left when a session ends are reported`() async throws {
        try await withSite { site in
            let chargePoint = try await site.connectReady()
            for number in 1...3 {
                try await site.central.sendCall("Reset", id: "d\(number)", to: "CP-1")
            }
            _ = try await chargePoint.texts.take("the first CALL")
            await chargePoint.cut()
            for number in 1...3 {
                let report = try await site.central.reply(to: "d\(number)", of: "CP-1")
                #expect(report.source == "gateway" && report.reason == "disconnected")
                #expect(report.errorCode == "GenericError")
            }
        }
    }

    @Test func `What arrives for a charge point that has gone is reported`() async throws {
        let broker = try await TestBroker.start()
        let proxy = try await TCPProxy.start(target: broker.port)
        try await withSite(broker: broker, brokerPort: proxy.port) { site in
            let chargePoint = try await site.connectReady()
            proxy.refuse()
            try await eventually("the gateway tries to reconnect") { proxy.accepted > 1 }
            await chargePoint.cut()
            try await site.central.sendCall("Reset", id: "d1", to: "CP-1")
            proxy.pass()
            let report = try await site.central.reply(to: "d1", of: "CP-1")
            #expect(
                report.source == "gateway" && report.reason == "not_connected" && report.errorCode == "GenericError")
        }
        await proxy.close()
    }

    @Test func `A newer connection replaces the older and starts clean`() async throws {
        try await withSite { site in
            let older = try await site.connectReady()
            for number in 1...2 {
                try await site.central.sendCall("Reset", id: "d\(number)", to: "CP-1")
            }
            _ = try await older.texts.take("the first CALL")
            let newer = try await site.connect()
            let closing = try await older.closing()
            #expect(closing == .init(code: 1008, reason: "replaced by a newer connection"))
            for number in 1...2 {
                #expect(try await site.central.reply(to: "d\(number)", of: "CP-1").reason == "disconnected")
            }
            #expect(OCPPText(try await newer.call("Heartbeat")).type == 3)
            try await site.central.sendCall("Reset", id: "d3", to: "CP-1")
            #expect(OCPPText(try await newer.texts.take("the CALL")).uniqueID == "d3")
            #expect(newer.isOpen)
        }
    }

    @Test func `A refused handshake does not disturb the session in place`() async throws {
        try await withSite(["LISTENERS_WS_DEFAULT_WEBSOCKET_FAIL_IF_NO_SUBPROTOCOL": "true"]) { site in
            let chargePoint = try await site.connectReady()
            var settings = ChargePointClient.Settings()
            settings.subprotocols = []
            let (_, refused) = try await ChargePointClient.open(port: site.port, identity: "CP-1", settings: settings)
            #expect(refused.status == 400)
            #expect(OCPPText(try await chargePoint.call("Heartbeat")).type == 3)
        }
    }

    @Test func `A charge point that reconnects may count from one again`() async throws {
        try await withSite { site in
            site.central.onCall { _ in .none }
            for round in 1...3 {
                let chargePoint = try await site.connect()
                for id in 1...5 {
                    try await chargePoint.send(text: #"[2,"\#(id)","Heartbeat",{}]"#)
                }
                try await eventually("the CALLs of round \(round)") {
                    site.central.received.all.count { $0.action == "Heartbeat" } == round * 5
                }
                #expect(chargePoint.texts.all.isEmpty)
                await chargePoint.cut()
            }
        }
    }

    @Test func `Beyond the open calls further calls wait while pings and answers pass`() async throws {
        try await withSite { site in
            site.central.onCall { _ in .none }
            let chargePoint = try await site.connect()
            for number in 1...20 {
                try await chargePoint.send(text: #"[2,"u\#(number)","DataTransfer",{}]"#)
            }
            _ = try await site.central.upstreamCall("DataTransfer", id: "u16", of: "CP-1")
            try await chargePoint.send(WebSocketFrame(.ping, [7, 8, 9]))
            #expect(try await chargePoint.texts.take("the pong") == "(opcode 10) \u{7}\u{8}\u{9}")
            try await site.central.sendCall("Reset", id: "d1", to: "CP-1")
            #expect(OCPPText(try await chargePoint.texts.take("the CALL")).uniqueID == "d1")
            try await chargePoint.send(text: #"[3,"d1",{}]"#)
            #expect(try await site.central.reply(to: "d1", of: "CP-1").type == 3)
            for number in 17...20 {
                #expect(site.central.received.all.count { $0.type == 2 } == number - 1, "more are open than allowed")
                let open = try await site.central.upstreamCall("DataTransfer", id: "u\(number - 16)", of: "CP-1")
                site.central.answer(open, of: "CP-1", with: .result("{}"))
                _ = try await site.central.upstreamCall("DataTransfer", id: "u\(number)", of: "CP-1")
            }
            #expect(chargePoint.isOpen)
        }
    }

    @Test func `Beyond the calls that may wait the socket is not read until one is answered`() async throws {
        try await withSite(["UPSTREAM_MAX_OPEN_CALLS": "1", "LOG_LEVEL": "debug"]) { site in
            // While the broker is away the CALL behind the open one would be refused at once.
            let chargePoint = try await site.connectReady("CP-1")
            site.central.onCall { _ in .none }
            // One is open, 64 wait, the next stops reading.
            for number in 0...65 {
                try await chargePoint.send(text: #"[2,"u\#(number)","DataTransfer",{}]"#)
            }
            let first = try await site.central.upstreamCall("DataTransfer", id: "u0", of: "CP-1")
            try await site.gateway.log("the pause") { $0.message == "reading paused" && $0.mentions("CP-1") }
            try await chargePoint.send(WebSocketFrame(.ping, [7]))
            try await Task.sleep(for: Self.quiet)
            #expect(chargePoint.texts.all.isEmpty, "the ping was read")
            site.central.answer(first, of: "CP-1", with: .result("{}"))
            _ = try await chargePoint.texts.take("the pong") { $0.hasPrefix("(opcode 10)") }
            for number in 1...65 {
                let open = try await site.central.upstreamCall("DataTransfer", id: "u\(number)", of: "CP-1")
                site.central.answer(open, of: "CP-1", with: .result("{}"))
            }
        }
    }

    @Test func `The same call again while it is open is swallowed and the one answer serves both`() async throws {
        try await withSite(["LIMITS_BAD_MESSAGES": "1"]) { site in
            site.central.onCall { _ in .none }
            let chargePoint = try await site.connect()
            for _ in 1...4 { try await chargePoint.send(text: #"[2,"same","Heartbeat",{}]"#) }
            let call = try await site.central.upstreamCall("Heartbeat", of: "CP-1")
            try await eventually("the retries are logged") {
                site.gateway.logLines.count { $0.mentions("swallowed", "CP-1", "same") } == 3
            }
            site.central.answer(call, of: "CP-1", with: .result(#"{"a":1}"#))
            #expect(try await chargePoint.texts.take("the answer") == #"[3,"same",{"a":1}]"#)
            // Once it is answered it is a new one.
            try await chargePoint.send(text: #"[2,"same","Heartbeat",{}]"#)
            try await eventually("it is relayed") { site.central.received.all.count { $0.uniqueID == "same" } == 2 }
            site.central.answer(call, of: "CP-1", with: .result("{}"))
            #expect(try await chargePoint.texts.take("the answer") == #"[3,"same",{}]"#)
            #expect(site.central.received.all.count { $0.type == 2 } == 2 && chargePoint.isOpen)
        }
    }

    @Test func `A queue is bounded in bytes too`() async throws {
        try await withSite(["LIMITS_MEMORY": "256KB"]) { site in
            let chargePoint = try await site.connectReady()
            let long = #"{"data":"\#(String(repeating: "x", count: 20_000))"}"#
            // One goes out at once, three of 20 KB are a quarter of all.
            for number in 1...6 {
                try await site.central.sendCall("DataTransfer", long, id: "d\(number)", to: "CP-1")
            }
            for number in 5...6 {
                let report = try await site.central.reply(to: "d\(number)", of: "CP-1")
                #expect(report.reason == "queue_full" && report.failedType == 2, "\(report)")
            }
            for number in 1...4 {
                #expect(OCPPText(try await chargePoint.texts.take("CALL \(number)")).uniqueID == "d\(number)")
                try await chargePoint.send(text: #"[3,"d\#(number)",{}]"#)
                #expect(try await site.central.reply(to: "d\(number)", of: "CP-1").type == 3)
            }
        }
    }

    @Test func `A call without an answer gets internal error and a late answer is unsolicited`() async throws {
        // Long enough for the subscription, without which nothing goes up.
        try await withSite(["UPSTREAM_ANSWER_TIMEOUT": "5s"]) { site in
            site.central.onCall { _ in .none }
            let chargePoint = try await site.connect()
            let sent = ContinuousClock.now
            let answer = OCPPText(try await chargePoint.call("Heartbeat", id: "h1"))
            #expect(ContinuousClock.now - sent > .milliseconds(4900))
            #expect(answer.type == 4 && answer.errorCode == "InternalError" && answer.uniqueID == "h1")
            let call = try await site.central.upstreamCall("Heartbeat", of: "CP-1")
            site.central.answer(call, of: "CP-1", with: .result("{}"))
            try await site.gateway.log("unsolicited") { $0.mentions("answer to no open CALL", "CP-1") }
            #expect(chargePoint.texts.all.isEmpty)
        }
    }

    @Test func `An answer timeout of zero turns it off`() async throws {
        try await withSite(["UPSTREAM_ANSWER_TIMEOUT": "0"]) { site in
            site.central.onCall { _ in .none }
            let chargePoint = try await site.connect()
            try await chargePoint.send(text: #"[2,"h1","Heartbeat",{}]"#)
            let call = try await site.central.upstreamCall("Heartbeat", of: "CP-1")
            try await Task.sleep(for: Self.quiet)
            site.central.answer(call, of: "CP-1", with: .result("{}"))
            #expect(try await chargePoint.texts.take("the answer") == #"[3,"h1",{}]"#)
        }
    }

    @Test func `A call with a unique id that is open gets protocol error and the first stays open`() async throws {
        try await withSite { site in
            site.central.onCall { _ in .none }
            let chargePoint = try await site.connect()
            for action in ["Heartbeat", "Authorize"] {
                try await chargePoint.send(text: #"[2,"same","\#(action)",{}]"#)
            }
            let refusal = OCPPText(try await chargePoint.texts.take("the CALLERROR"))
            #expect(refusal.errorCode == "ProtocolError" && refusal.uniqueID == "same")
            let first = try await site.central.upstreamCall("Heartbeat", of: "CP-1")
            site.central.answer(first, of: "CP-1", with: .result(#"{"a":1}"#))
            #expect(try await chargePoint.texts.take("the answer") == #"[3,"same",{"a":1}]"#)
            #expect(site.central.received.all.count == 1)
        }
    }

    @Test func `The same unique id may be in use in both directions`() async throws {
        try await withSite { site in
            site.central.onCall { _ in .none }
            let chargePoint = try await site.connect()
            try await chargePoint.send(text: #"[2,"1","Heartbeat",{}]"#)
            let up = try await site.central.upstreamCall("Heartbeat", of: "CP-1")
            try await site.central.sendCall("Reset", id: "1", to: "CP-1")
            #expect(OCPPText(try await chargePoint.texts.take("the CALL")).action == "Reset")
            site.central.answer(up, of: "CP-1", with: .result(#"{"a":1}"#))
            #expect(try await chargePoint.texts.take("the answer") == #"[3,"1",{"a":1}]"#)
            try await chargePoint.send(text: #"[3,"1",{"b":2}]"#)
            #expect(try await site.central.reply(to: "1", of: "CP-1").text.hasSuffix(#""Payload":{"b":2}}"#))
        }
    }

    /// The Kelvin sign, and a letter with its accent apart: equal texts to Swift, other bytes.
    @Test(arguments: [("CPK1", "CP%E2%84%AA1"), ("CP%C3%A9", "CPe%CC%81")])
    func `Identities that look alike are two charge points`(one: String, other: String) async throws {
        try await withSite { site in
            let clients = [try await site.connectReady(one), try await site.connectReady(other)]
            for (client, path) in zip(clients, [one, other]) {
                let identity = try #require(path.removingPercentEncoding)
                try await site.central.sendCall("Reset", id: path, to: identity)
                #expect(OCPPText(try await client.texts.take("the CALL for \(path)")).uniqueID == path)
            }
            #expect(clients.allSatisfy { $0.isOpen && $0.texts.all.isEmpty })
        }
    }

    @Test func `Of many connections of one identity the newest stays`() async throws {
        try await withSite { site in
            let clients = try await withThrowingTaskGroup(of: ChargePointClient.self) { group in
                for _ in 1...50 {
                    group.addTask { try await site.connect() }
                }
                return try await group.reduce(into: [ChargePointClient]()) { $0.append($1) }
            }
            try await eventually("all but one are closed") { clients.count { $0.isOpen } == 1 }
            for client in clients where !client.isOpen {
                #expect(try await client.closing().code == 1008)
            }
            let last = try #require(clients.first { $0.isOpen })
            last.acceptEveryCall()
            #expect(OCPPText(try await last.call("Heartbeat")).type == 3)
            #expect(try await site.central.call("Reset", to: "CP-1").type == 3)
            #expect(last.isOpen)
        }
    }

    @Test func `What a session held is given back when it ends`() async throws {
        try await withSite { site in
            _ = try await site.connectReady("first")
            let before = site.gateway.child.openDescriptors
            for round in 1...3 {
                let busy = try await BusyChargePoints.connect(100, to: site)
                _ = try await busy.callOnce()
                for (number, client) in busy.clients.enumerated() {
                    if number % 2 == 0 { await client.cut() } else { await client.close() }
                }
                try await eventually("the descriptors of round \(round) are closed") {
                    site.gateway.child.openDescriptors <= before
                }
            }
            // Mosquitto writes one line for each subscription and one for its end.
            try await eventually("the subscriptions are removed") {
                site.broker.lines.count { $0.hasSuffix(" ocpp/cs/CP-100") } == 6
            }
        }
    }

    @Test func `A peer that takes nothing is closed after the send timeout`() async throws {
        let settings = [
            "LISTENERS_WS_DEFAULT_TCP_OPTIONS_SEND_TIMEOUT": "1s",
            "LISTENERS_WS_DEFAULT_WEBSOCKET_MAX_FRAME_SIZE": "4MB",
        ]
        try await withSite(settings) { site in
            let long = #"{"data":"\#(String(repeating: "x", count: 2_000_000))"}"#
            site.central.onCall { _ in .result(long) }
            let chargePoint = try await site.connect()
            try await chargePoint.stopReading()
            for number in 1...12 {
                try await chargePoint.send(text: #"[2,"h\#(number)","DataTransfer",{}]"#)
            }
            try await site.gateway.log("the end of the session") {
                $0.message == "charge point disconnected" && $0.mentions("CP-1")
            }
            #expect(site.gateway.child.isRunning)
        }
    }

    @Test func `More messages than allowed per second wait`() async throws {
        try await withSite(["LIMITS_MESSAGES_PER_SECOND": "5"]) { site in
            let chargePoint = try await site.connect()
            let begin = ContinuousClock.now
            for number in 1...20 {
                try await chargePoint.send(text: #"[2,"h\#(number)","Heartbeat",{}]"#)
            }
            for number in 1...20 {
                #expect(OCPPText(try await chargePoint.texts.take("answer \(number)")).uniqueID == "h\(number)")
            }
            // 20 messages at 5 a second, of which the first second's may come at once.
            #expect(ContinuousClock.now - begin > .milliseconds(1900))
        }
    }
}

import NIOCore
import Testing

@testable import Management

@Suite struct `Rules of management without input or output` {
    @Test func `An address is blocked from its tenth failure in a minute on, for a minute`() {
        var throttle = FailureThrottle()
        let start = ContinuousClock.now
        for second in 0..<9 { throttle.failed("a", now: start + .seconds(second)) }
        #expect(!throttle.isBlocked("a", now: start + .seconds(9)))
        // The first ones are a minute old, and no longer count.
        throttle.failed("a", now: start + .seconds(61))
        #expect(!throttle.isBlocked("a", now: start + .seconds(61)))
        for _ in 0..<3 { throttle.failed("a", now: start + .seconds(62)) }
        #expect(throttle.isBlocked("a", now: start + .seconds(121)))
        #expect(!throttle.isBlocked("b", now: start + .seconds(121)))
        #expect(!throttle.isBlocked("a", now: start + .seconds(122)))
        throttle.failed("a", now: start + .seconds(123))
        #expect(!throttle.isBlocked("a", now: start + .seconds(123)))
    }

    @Test func `Who has many addresses fills no memory`() {
        var throttle = FailureThrottle()
        let start = ContinuousClock.now
        for _ in 0..<10 { throttle.failed("blocked", now: start + .seconds(1)) }
        for number in 0..<12_000 { throttle.failed("10.0.\(number)", now: start) }
        #expect(throttle.isBlocked("blocked", now: start + .seconds(2)))
    }

    @Test func `An address has one spelling, an IPv4 one within IPv6 too, and an IPv6 household counts as one`() {
        #expect(ClientAddress("2001:db8:1:2:3:4:5:6").subject == ClientAddress("2001:db8:1:2::9").subject)
        #expect(ClientAddress("2001:db8:1:3::9").subject != ClientAddress("2001:db8:1:2::9").subject)
        #expect(ClientAddress("2001:db8::2:0:0:1").subject == ClientAddress("2001:db8:0:0:2::1").subject)
        #expect(ClientAddress("::1").subject != ClientAddress("1::").subject)
        for written in ["203.0.113.7", "::ffff:203.0.113.7", "::FFFF:cb00:7107", "203.0.113.7:4711"] {
            #expect(ClientAddress(written).text == "203.0.113.7", "\(written)")
            #expect(ClientAddress(written).subject == "203.0.113.7", "\(written)")
        }
        #expect(ClientAddress("::ffff:203.0.113.7").subject != ClientAddress("::ffff:203.0.113.8").subject)
        #expect(ClientAddress("[2001:db8::7]:4711").text == "2001:db8::7")
        for other in ["unknown", "", "2001:db8::g", "a\0", String(repeating: "1", count: 100)] {
            #expect(ClientAddress(other).subject == other)
        }
    }

    @Test func `A connection's time runs from its beginning, and anew from each answer`() {
        let start = NIODeadline.now()
        var bounds = ConnectionBounds(requestTime: .seconds(30), isSurplus: false, now: start)
        #expect(bounds.deadline == start + .seconds(30))
        #expect(bounds.receivedHead(now: start + .seconds(20)) == .forward)
        #expect(bounds.deadline == start + .seconds(30))
        #expect(bounds.receivedEnd(now: start + .seconds(21)) == .forward)
        #expect(bounds.deadline == nil)
        #expect(bounds.writesHead(closes: false) == .forward)
        bounds.becameWritable(false, now: start + .seconds(22))
        #expect(bounds.deadline == start + .seconds(52))
        bounds.becameWritable(true, now: start + .seconds(40))
        #expect(bounds.deadline == nil)
        #expect(bounds.writesEnd(now: start + .seconds(41)) == .forward)
        #expect(bounds.state == .idle(answered: 1))
        #expect(bounds.deadlinePassed(now: start + .seconds(71)) == .close)
    }

    @Test func `An answer that closes is followed by nothing, and the connection lingers two seconds`() {
        let start = NIODeadline.now()
        var bounds = ConnectionBounds(requestTime: .seconds(30), isSurplus: false, now: start)
        _ = bounds.receivedHead(now: start)
        #expect(bounds.receivedBody(now: start) == .forward)
        #expect(bounds.writesHead(closes: true) == .forward)
        #expect(bounds.writesEnd(now: start) == .close)
        #expect(bounds.receivedBody(now: start) == .discard)
        #expect(bounds.writesHead(closes: false) == .discard)
        #expect(bounds.deadlinePassed(now: start + .seconds(1)) == .none)
        #expect(bounds.deadlinePassed(now: start + .seconds(2)) == .close)
    }

    @Test func `A request that does not come is answered with 408, unless an answer has begun`() {
        let start = NIODeadline.now()
        var silent = ConnectionBounds(requestTime: .seconds(30), isSurplus: false, now: start)
        guard case .answer(let error) = silent.deadlinePassed(now: start + .seconds(30)) else {
            Issue.record("no answer")
            return
        }
        #expect(error.status == 408)
        var half = ConnectionBounds(requestTime: .seconds(30), isSurplus: false, now: start)
        _ = half.receivedHead(now: start)
        _ = half.writesHead(closes: false)
        #expect(half.deadlinePassed(now: start + .seconds(30)) == .close)
        var surplus = ConnectionBounds(requestTime: .seconds(30), isSurplus: true, now: start)
        guard case .answer(let full) = surplus.receivedHead(now: start) else {
            Issue.record("no answer")
            return
        }
        #expect(full.status == 503)
        // An early answer is out, and nothing else is due: a second one would belong to no request.
        var early = ConnectionBounds(requestTime: .seconds(30), isSurplus: false, now: start)
        _ = early.receivedHead(now: start)
        _ = early.writesHead(closes: false)
        _ = early.writesEnd(now: start)
        #expect(early.deadlinePassed(now: start + .seconds(30)) == .close)
    }

    @Test func `A request behind another one has its time from its turn on, and cuts off no answer ahead of it`() {
        let start = NIODeadline.now()
        var bounds = ConnectionBounds(requestTime: .seconds(30), isSurplus: false, now: start)
        _ = bounds.receivedHead(now: start)
        _ = bounds.receivedEnd(now: start)
        _ = bounds.receivedHead(.init(bodyLength: 5, wantsContinue: true), now: start + .seconds(1))
        #expect(bounds.deadline == nil)
        #expect(bounds.takesContinue() == false)
        _ = bounds.writesHead(closes: false)
        #expect(bounds.takesContinue() == false)
        _ = bounds.writesEnd(now: start + .seconds(90))
        #expect(bounds.state == .receiving(answered: 1))
        #expect(bounds.deadline == start + .seconds(120))
        #expect(bounds.takesContinue() == true)
        #expect(bounds.takesContinue() == false, "once")
        _ = bounds.receivedBody(5, now: start)
        _ = bounds.receivedEnd(now: start + .seconds(91))
        #expect(bounds.state == .answering(answered: 1))
        #expect(bounds.deadline == nil)
        #expect(bounds.inputEnded() == false, "it is complete")
    }

    @Test func `An answer ahead of a large body's end closes, and what still comes is thrown away up to a bound`() {
        let start = NIODeadline.now()
        for (length, closes, isTooLarge, most) in [
            (100_000, false, false, 8), (1_000_000, true, false, 8), (nil, true, false, 8), (nil, true, true, 80),
        ] {
            var bounds = ConnectionBounds(requestTime: .seconds(30), isSurplus: false, now: start)
            _ = bounds.receivedHead(.init(bodyLength: length), now: start)
            _ = bounds.receivedBody(10_000, now: start)
            _ = bounds.writesHead(closes: false, isTooLarge: isTooLarge)
            #expect(bounds.answerCloses == closes)
            #expect(bounds.writesEnd(now: start) == (closes ? .close : .forward))
            #expect(bounds.readsOn)
            #expect(bounds.receivedBody((most - 1) << 20, now: start + .seconds(1)) == (closes ? .discard : .forward))
            #expect(bounds.readsOn)
            #expect(!closes || bounds.deadline == start + .seconds(3))
            #expect(bounds.receivedBody(1 << 20, now: start + .seconds(29)) == (closes ? .discard : .forward))
            #expect(bounds.readsOn != closes)
            // From the last piece two seconds, in all no longer than a request.
            #expect(!closes || bounds.deadline == start + .seconds(30))
            #expect(bounds.inputEnded() == true)
        }
    }

    @Test func `A page is this server's by its name and its scheme`() {
        for isHTTPS in [false, true] {
            let rule = OriginRule(isLoopback: false, isHTTPS: isHTTPS, hostName: "gateway")
            func isForeign(_ origin: String, isProxied: Bool = false) -> Bool {
                rule.fault(origin: origin, host: "ops.example:8443", isProxied: isProxied) != nil
            }
            #expect(!isForeign("https://ops.example:8443"))
            #expect(isForeign("http://ops.example:8443") == isHTTPS)
            #expect(!isForeign("http://ops.example:8443", isProxied: true))
            #expect(isForeign("https://ops.example"))
            #expect(isForeign("https://ops.example:8443/") && isForeign("null") && isForeign("ftp://ops.example:8443"))
        }
    }

    @Test func `A feed holds its bound, says that it has overflowed, and never more`() async {
        let feed = BoundedFeed<Int>(limit: 3)
        for number in 1...3 { feed.offer(number) }
        guard case .elements(let all) = await feed.next() else {
            Issue.record("no elements")
            return
        }
        #expect(all == [1, 2, 3])
        for number in 1...4 { feed.offer(number) }
        feed.offer(5)
        feed.end()
        for _ in 1...2 {
            guard case .overflow = await feed.next() else {
                Issue.record("no overflow")
                return
            }
        }
        let ended = BoundedFeed<Int>(limit: 3)
        ended.offer(1)
        ended.end()
        ended.offer(2)
        guard case .elements([1]) = await ended.next(), case .ended = await ended.next() else {
            Issue.record("what waits is read before the end")
            return
        }
    }

    @Test func `Times are RFC 3339 with milliseconds, and are read with any offset and fraction`() {
        for (text, milliseconds) in [
            ("1970-01-01T00:00:00Z", 0), ("2000-02-29T23:59:59.999Z", 951_868_799_999),
            ("2026-01-31T12:00:00.1+02:00", 1_769_853_600_100), ("1969-12-31T23:59:59.5-00:00", -500),
            ("2100-03-01t00:00:00z", 4_107_542_400_000), ("1769853600100", 1_769_853_600_100),
        ] {
            #expect(Timestamp(text)?.millisecondsSince1970 == Int64(milliseconds), "\(text)")
        }
        for milliseconds: Int64 in [-1, 0, 951_782_400_000, 1_709_164_800_000, 4_102_444_799_999] {
            let time = Timestamp(millisecondsSince1970: milliseconds)
            #expect(Timestamp(time.text) == time, "\(time.text)")
        }
        #expect(Timestamp(millisecondsSince1970: 1_709_164_800_007).text == "2024-02-29T00:00:00.007Z")
        for text in ["", "2026-01-31", "2026-13-01T00:00:00Z", "2026-01-01T00:00:00", "2026-01-01T24:00:00Z", "-5"] {
            #expect(Timestamp(text) == nil, "\(text)")
        }
    }

    @Test func `JSON is written so that it can be read again`() throws {
        let value: JSON = [
            "a": ["x\"\\\n\u{1}ö\u{1F600}", 1, true, .null, .number("1.50e3")], "b": [:], "c": [],
            "d": .verbatim(ByteBuffer(string: #"{"e": 1}"#)),
        ]
        let text = value.compactText
        #expect(text == #"{"a":["x\"\\\n\u0001ö😀",1,true,null,1.50e3],"b":{},"c":[],"d":{"e": 1}}"#)
        let read = try JSON(reading: ByteBuffer(string: text))
        #expect(read["a"] == value["a"])
        #expect(JSON.verbatim("d", in: ByteBuffer(string: " " + text)) == ByteBuffer(string: #"{"e": 1}"#))
    }

    @Test func `One file comes out of a multipart body, whatever its bytes`() throws {
        let content = "a--b\r\n--not\r\n"
        let body =
            "preamble\r\n--b\r\nContent-Disposition: form-data; name=\"x\"\r\n\r\nnot this\r\n--b\r\n"
            + "content-disposition: form-data; name=file; filename=\"u.csv\"\r\n\r\n\(content)\r\n--b--"
        let file = try MultipartBody(reading: ByteBuffer(string: body), boundary: "b")
        #expect(String(buffer: file.content) == content)
        #expect(file.fileName == "u.csv")
        let empty = "--b\r\nContent-Disposition: form-data; name=filename; filename=u.csv\r\n\r\n\r\n--b--\r\n"
        #expect(try MultipartBody(reading: ByteBuffer(string: empty), boundary: "b").content.readableBytes == 0)
        #expect(MultipartBody.boundary(ofContentType: "multipart/form-data; boundary=\"b 1\"") == "b 1")
        let part = "--b\r\n\r\n\r\n"
        let few = String(repeating: part, count: 15) + empty
        #expect(try MultipartBody(reading: ByteBuffer(string: few), boundary: "b").fileName == "u.csv")
        #expect(throws: APIError.self) { try MultipartBody(reading: ByteBuffer(string: part + few), boundary: "b") }
        for bad in ["", "--b", "--b--", "--b\r\n\r\n", String(body.dropLast(12)), body.dropLast(2) + "\r\n" + body] {
            #expect(throws: APIError.self, "\(bad)") {
                try MultipartBody(reading: ByteBuffer(string: bad), boundary: "b")
            }
        }
    }

    @Test func `A key file is taken whole or not at all`() throws {
        let keys = try APIKeyFile.read(Array("a:1:administrator\r\n\n b:2:viewer\nc:3".utf8))
        #expect(keys.map(\.name) == ["a", "b", "c"])
        #expect(keys.map(\.role) == [.administrator, .viewer, .administrator])
        do {
            _ = try APIKeyFile.read(Array("a:1\na:2\nb\nc::viewer\nd:topsecret:owner\n".utf8))
            Issue.record("it was taken")
        } catch {
            #expect(error.problems.map { String($0.prefix(6)) } == ["line 2", "line 3", "line 4", "line 5"])
            #expect(!error.problems.joined().contains("topsecret"))
        }
        #expect(throws: APIKeyFile.self) { try APIKeyFile.read([0xFF]) }
        let own = APIKey(name: "ops", secret: Password(Array("topsecret".utf8)), role: .administrator)
        do {
            _ = try APIKeyFile.read(Array("a:1\nops:other:viewer\n".utf8), besides: own)
            Issue.record("it was taken")
        } catch {
            #expect(error.problems.count == 1)
            #expect(error.problems.allSatisfy { $0.hasPrefix("line 2") && $0.contains("management.api_key") })
            #expect(!error.problems.joined().contains("topsecret"))
        }
    }

    @Test func `Secrets are hidden by name wherever they lie, and never in a description`() {
        let shown = HiddenSecrets.hide([
            "password": "x", "password_hash_algorithm": ["name": "sha256"], "secret": "", "ssl": ["key_password": "y"],
            "headers": ["Authorization": "Basic z", "x": "y"], "url": "http://u:p@h/x@y,mqtt://h",
            "authentication.body": ["a": "${clientid}", "b": "${a}x", "c": "y", "d": 1],
            "endpoint": "http://u:p@h/?k=x,y&c=${clientid}&z",
        ])
        #expect(
            shown == [
                "password": "******", "password_hash_algorithm": ["name": "sha256"], "secret": "",
                "ssl": ["key_password": "******"], "headers": ["Authorization": "******", "x": "******"],
                "url": "http://u:******@h/x@y,mqtt://h",
                "authentication.body": ["a": "${clientid}", "b": "******", "c": "******", "d": "******"],
                "endpoint": "http://u:******@h/?k=******&c=${clientid}&******",
            ])
        #expect(
            HiddenSecrets.withoutUnchanged(["password": "******", "headers": ["authorization": "******", "x": "y"]])
                == ["headers": ["authorization": "******", "x": "y"]])
    }

    @Test(
        arguments: [
            ["headers.x-foo": "s3cr3t"], ["headers": #"{"x-foo":"s3cr3t"}"#],
            ["authentication.headers": "{\"a\":\"s3cr3t\"}"],
            ["authentication.headers.x-foo": "s3cr3t"], ["authentication.body": "{\"k\":\"s3cr3t\"}"],
            ["authentication.body.k": "s3cr3t"], ["authentication": ["password": ["s3cr3t"]]],
            ["authentication.headers.x": "s3cr3t"], ["authentication": ["headers": ["a": ["b": ["s3cr3t"]]]]],
            ["authentication": ["body": [["k": "s3cr3t"], "s3cr3t"]]], ["password": ["x": "s3cr3t"]],
            ["password.x.y": "s3cr3t"], ["Headers": ["a": "${clientid}s3cr3t"]], ["secret": "${a}s3cr3t"],
            ["listeners": [["ssl_options": ["password": "s3cr3t"], "websocket": ["headers": "s3cr3t"]]]],
            ["listeners": ["ws": ["password": ["ssl_options": ["password": "s3cr3t"]]]]],
            ["listeners.ws.a.ssl_options.password": "s3cr3t"], ["listeners.ws.password": "s3cr3t"],
            ["ssl_options": ["keyfile": "-----BEGIN PRIVATE KEY-----\ns3cr3t\n-----END PRIVATE KEY-----"]],
            ["url": "http://a:s3cr3t@x"], ["url": "http://a:s3cr3t,s3cr3t@x/y"], ["url": "http://a:s3cr3t/b@x"],
            ["url": "mqtt://x:1,mqtt://a:s3cr3t?b@x:1,mqtt://a:s3cr3t@[::1]:1"], ["urls": ["http://a:s3cr3t@x"]],
        ] as [JSON])
    func `No form of a secret is shown`(change: JSON) {
        let shown = HiddenSecrets.hide(change).compactText
        #expect(!shown.contains("s3cr3t") && shown.contains(HiddenSecrets.mark), "\(shown)")
        for member in change.members ?? [] {
            let one = JSON.object([JSON.Member(member.key, HiddenSecrets.hide(member.value, of: member.key))])
            #expect(!one.compactText.contains("s3cr3t"), "\(one.compactText)")
        }
    }

    @Test func `What is no secret is shown, names of listeners too`() {
        let shown: JSON = [
            "listeners": ["ws": ["password": ["bind": "33034"]]], "listeners.wss.token.bind": "33035",
            "url": "http://h:80/x@y", "urls": "http://[::1]:80/x@y,mqtt://h", "password": .null, "headers": "",
            "body": [:], "password_hash_algorithm": ["name": "sha256"], "secret_base64_encoded": .bool(true),
        ]
        #expect(HiddenSecrets.hide(shown) == shown)
    }

    @Test func `Words about a URL where none belongs tell nobody its user or password`() {
        for (text, shown) in [
            ("mqtt://a:s3cr3t@x", "mqtt://******@x"), ("x http://s3cr3t@x y", "x http://******@x y"),
            ("http://a:s3 c/r3t@b@x", "http://******@x"), ("ops@example.org", "ops@example.org"),
            ("http://x/y", "http://x/y"), ("a@b http://x", "a@b http://x"),
        ] {
            #expect(HiddenSecrets.withoutUserInfo(text) == shown)
        }
    }

    @Test func `A key shows no secret`() {
        let key = APIKey(name: "ops", secret: Password(Array("topsecret".utf8)), role: .viewer)
        #expect(!"\(key)".contains("topsecret"))
        #expect(!String(reflecting: key).contains("116"))  // nor its bytes
    }
}

import Authentication
import CredentialChecking
import Testing

@testable import RedisAuthenticator

struct RedisCommandTemplateTests {
    @Test(arguments: [
        "", "HMGET", "HMGET mqtt_user:${username}", "GET ${username} password_hash", "HMGET users password_hash",
        "HMGET ${password} password_hash", "HMGET ${username} salt", "HMGET ${username} password_hash password",
        "HMGET ${username} password_hash password_hash", "HMGET ${username} password_hash other",
        "HGET ${username} password_hash salt", "HMGET ${user} password_hash", "HMGET ${username} ${clientid}",
        "HGETALL ${username} password_hash",
    ])
    func `A command that would find nothing, or the same for everybody, is an error`(text: String) {
        #expect(throws: BackendProblem.self) { try RedisCommandTemplate(text) }
    }

    @Test func `A user name stays one word, whatever is in it`() throws {
        let template = try RedisCommandTemplate("hmget  user:{${username}}  password salt")
        let credentials = Credentials(
            identity: "CP-1", userName: "a b\r\n$1", peerHost: "192.0.2.1", listener: "ocpp:ws:default")
        let command = template.command(for: credentials)
        #expect(command == RedisCommand(["HMGET", "user:{a b\r\n$1}", "password", "salt"]))
        let bytes = "*4\r\n$5\r\nHMGET\r\n$14\r\nuser:{a b\r\n$1}\r\n$8\r\npassword\r\n$4\r\nsalt\r\n"
        #expect(String(decoding: command.serialized, as: UTF8.self) == bytes)
    }

    @Test func `An answer of another form is nonsense`() throws {
        let template = try RedisCommandTemplate("HMGET ${username} password_hash salt")
        for answer in [RedisValue.null, .array([]), .array([.null]), .array([.integer(1), .null]), .status("OK")] {
            #expect(throws: ConnectionFault.self) { try template.credentials(from: answer) }
        }
        #expect(try template.credentials(from: .array([.null, .null])).isEmpty)
    }
}

struct RedisAnswerReaderTests {
    private func read(_ text: String) throws -> RedisValue? {
        let reader = try #require(RedisAnswerReader())
        try Array(text.utf8).withUnsafeBytes { try reader.feed($0) }
        return try reader.next()
    }

    @Test func `An answer is read, in pieces too`() throws {
        let text = "*4\r\n$3\r\na\r\n\r\n$-1\r\n:7\r\n*1\r\n+OK\r\n"
        let answer = RedisValue.array([.bytes(Array("a\r\n".utf8)), .null, .integer(7), .array([.status("OK")])])
        #expect(try read(text) == answer)
        let reader = try #require(RedisAnswerReader())
        for byte in text.utf8.dropLast() {
            try [byte].withUnsafeBytes { try reader.feed($0) }
            #expect(try reader.next() == nil)
        }
        try Array("\n".utf8).withUnsafeBytes { try reader.feed($0) }
        #expect(try reader.next() == answer)
    }

    @Test(arguments: [
        "x\r\n", "*70000\r\n", "*2147483647\r\n", "*99999999999999999999\r\n", "*-5\r\n", "$-5\r\n", ":1x\r\n",
        String(repeating: "*1\r\n", count: 20),
    ])
    func `What is no answer, too many or too deep is an error`(text: String) {
        #expect(throws: RedisAnswerReader.Fault.self) { try read(text) }
    }
}

struct RedisSlotsTests {
    /// Redis' cluster specification; `CLUSTER KEYSLOT` says the same.
    @Test(arguments: [
        ("123456789", 12739), ("", 0), ("foo", 12182), ("{foo}bar", 12182), ("a{foo}b{c}", 12182), ("foo{}", 5542),
    ])
    func `A key's slot is of its hash tag, if it has one`(key: String, slot: Int) {
        #expect(RedisSlots.slot(of: Array(key.utf8)) == slot)
    }

    private let asked = BackendServers.Server(host: "db", port: 1)

    @Test func `The slots' owners are read, and moved`() throws {
        let node = { (host: String, port: Int64) in RedisValue.array([.bytes(Array(host.utf8)), .integer(port)]) }
        let answer = RedisValue.array([
            .array([.integer(0), .integer(99), node("", 7)]), .array([.integer(100), .integer(16383), node("b", 8)]),
        ])
        var slots = try #require(RedisSlots(answer, from: asked))
        #expect(slots[99] == BackendServers.Server(host: "db", port: 7))
        #expect(slots[100] == BackendServers.Server(host: "b", port: 8))
        slots.move(100, to: asked)
        #expect(slots[100] == asked)
        #expect(slots[16384] == nil)
    }

    @Test(arguments: [
        RedisValue.null, .array([.null]), .array([.array([.integer(0), .integer(16384), .array([])])]),
        .array([.array([.integer(5), .integer(4), .array([.bytes([65]), .integer(1)])])]),
        .array([.array([.integer(-1), .integer(4), .array([.bytes([65]), .integer(1)])])]),
        .array([.array([.integer(0), .integer(4), .array([.bytes([65]), .integer(0)])])]),
    ])
    func `Slots that are none are not taken`(answer: RedisValue) {
        #expect(RedisSlots(answer, from: asked) == nil)
    }

    @Test func `A redirection names a slot and a node`() {
        let moved = RedisRedirection("MOVED 3999 ::1:6381", from: asked)
        #expect(moved?.slot == 3999)
        #expect(moved?.server == BackendServers.Server(host: "::1", port: 6381))
        #expect(moved?.isAsk == false)
        #expect(RedisRedirection("ASK 1 :6381", from: asked)?.server == BackendServers.Server(host: "db", port: 6381))
        for words in [
            "MOVED", "MOVED 16384 a:1", "MOVED -1 a:1", "MOVED 1 a:0", "MOVED 1 a", "ERR 1 a:1", "MOVED 1 a:x",
        ] {
            #expect(RedisRedirection(words, from: asked) == nil)
        }
    }
}

struct RedisFaultTests {
    @Test func `What quotes the command is cut`() {
        let words = "ERR unknown command 'HMGET', with args beginning with: 'mqtt_user:secret'"
        #expect(RedisFault.fault(words) == .nonsense("ERR unknown command", isUsable: true))
    }

    @Test(arguments: ["LOADING Redis is loading", "READONLY You can't", "CLUSTERDOWN The cluster is down"])
    func `A server that is not ready is unreachable`(words: String) {
        guard case .lost = RedisFault.fault(words) else {
            Issue.record("\(RedisFault.fault(words))")
            return
        }
    }
}

import HTTPAuthenticator
import OutsideNames
import Settings
import Testing

@testable import Gateway

/// management.md, "Configuration at run time".
@Suite("Configuration: a change while the gateway runs")
struct ConfigurationChangeTests {
    private func change(
        _ proposal: [(String, SettingsValue)], _ environment: [String: String] = [:], yaml: String? = nil
    ) throws -> ConfigurationChange {
        try load(environment, yaml: yaml).changed(by: proposal.map { SettingsMember($0.0, $0.1) })
    }

    private func refusal(
        _ proposal: [(String, SettingsValue)], _ environment: [String: String] = [:], yaml: String? = nil
    ) throws -> ConfigurationChange.Refusal? {
        let loaded = try load(environment, yaml: yaml)
        do throws(ConfigurationChange.Refusal) {
            _ = try loaded.changed(by: proposal.map { SettingsMember($0.0, $0.1) })
            return nil
        } catch {
            return error
        }
    }

    @Test func `A change has a bound, so that it keeps nobody waiting`() throws {
        let many = (1...ConfigurationChange.mostValues).map { ("k\($0)", SettingsValue.text("")) }
        let nested = [("a", SettingsValue.map(many.map { SettingsMember($0.0, .list([$0.1, $0.1])) }))]
        let expectation = "expected at most 2000 values in one change"
        let tooMany = ConfigurationChange.Refusal.invalid([SettingProblem(expectation: expectation)])
        #expect(try refusal(many + [("mountpoint", .text("m/"))]) == tooMany)
        #expect(try refusal(nested) == tooMany)
        let topics = many.map { SettingsMember($0.0, .text("t/${cid}")) }
        #expect(try refusal([("upstream.topic_override_mapping", .map(topics))]) == nil)
    }

    @Test(
        arguments: [
            ("log.level", "debug", SettingEffect.atOnce), ("limits.bad_messages", "7", .atOnce),
            ("default_heartbeat_interval", "5m", .atOnce), ("heartbeat_checking_times_backoff", "2", .atOnce),
            ("upstream.answer_timeout", "1s", .atOnce), ("upstream.max_open_calls", "3", .atOnce),
            ("dnstream.max_mqueue_len", "3", .atOnce), ("dnstream.call_timeout", "3s", .atOnce),
            ("message_format_checking", "all", .atOnce), ("message_format_checking_exempt", "Reset", .atOnce),
            ("idle_timeout", "3s", .atOnce), ("enable_stats", "false", .atOnce),
            ("authentication.username_is_identity", "false", .atOnce),
            ("listeners.ws.default.bind", "33034", .atOnce), ("mountpoint", "m/", .laterSessions),
            ("upstream.topic", "u/${cid}", .laterSessions), ("presence.topic", "p/${cid}", .laterSessions),
        ])
    func `A changed key applies as the table says`(key: String, value: String, effect: SettingEffect) throws {
        let change = try change([(key, .text(value))])
        // A listener without a mountpoint of its own has the global one: that is no other key.
        #expect(change.differences.map(\.key) == [key])
        #expect(change.differences.map(\.effect) == [effect])
        let reading = change.loaded.readings.first { $0.key == key }
        #expect(reading?.source == .change && reading?.text == value)
    }

    @Test(
        arguments: [
            ("broker.qos", "2"), ("gateway.claim_topic", "c/${cid}"), ("management.page", "false"), ("data_dir", "/x"),
            ("json_schema_dir", "/x"), ("json_schema_id_prefix", "urn:x:"),
        ])
    func `What needs a restart is refused, with its keys, and the same value again is no change`(
        key: String, value: String
    ) throws {
        #expect(try refusal([(key, .text(value)), ("log.level", .text("debug"))]) == .afterRestart([key]))
        let current = try #require(LoadedConfiguration.table.first { $0.key == key }).defaultText
        if !current.isEmpty { #expect(try change([(key, .text(current))]).differences.isEmpty) }
    }

    @Test func `Keys are dotted or nested, null takes a change back, and others stay`() throws {
        let first = try change(
            [("limits", .map([SettingsMember("bad_messages", .plain("7"))])), ("log.level", .text("debug"))],
            yaml: "log.level: error")
        #expect(first.loaded.configuration.listeners[0].sessions.maxBadMessages == 7)
        #expect(first.loaded.configuration.logs.level == .debug)
        let second = try first.loaded.changed(by: [SettingsMember("log", .map([SettingsMember("level", .null)]))])
        #expect(second.differences.map(\.key) == ["log.level"])
        #expect(second.loaded.configuration.logs.level == .error)
        #expect(second.loaded.configuration.listeners[0].sessions.maxBadMessages == 7)
    }

    @Test func `A key that the environment sets is fixed, unless it is sent back as it is`() throws {
        let environment = ["LOG_LEVEL": "info"]
        #expect(
            try refusal([("log.level", .text("debug"))], environment) == .fixed(key: "log.level", variable: "LOG_LEVEL")
        )
        #expect(try refusal([("log.level", .null)], environment) == .fixed(key: "log.level", variable: "LOG_LEVEL"))
        #expect(try change([("log.level", .text("info"))], environment).differences.isEmpty)
        #expect(try refusal([("log.levle", .null)]) == .unknown(key: "log.levle"))
    }

    @Test func `Every problem of what would come of it is told, with the change as its source, and nothing is changed`()
        throws
    {
        let refusal = try refusal([
            ("limits.bad_messages", .text("x")), ("log.levle", .text("debug")),
            ("listeners.ws.default.bind", .text("abc")),
        ])
        guard case .invalid(let problems) = refusal else {
            Issue.record("\(String(describing: refusal))")
            return
        }
        #expect(Set(problems.map(\.key)) == ["limits.bad_messages", "log.levle", "listeners.ws.default.bind"])
        #expect(problems.allSatisfy { $0.source == .change })
    }

    @Test func `An object in the place of a value is refused, an empty one too, and an empty section changes nothing`()
        throws
    {
        for key in ["mountpoint", "log.levle", "authentication.enable"] {
            guard case .invalid(let problems) = try refusal([(key, .map([]))]) else {
                Issue.record("\(key) was taken")
                continue
            }
            #expect(problems.map(\.key) == [key])
        }
        #expect(try refusal([("dnstream", .map([])), ("listeners", .map([SettingsMember("ws", .map([]))]))]) == nil)
    }

    @Test func `A listener is added by its keys, and taken away by null, also one of the file`() throws {
        let yaml = "listeners: {ws: {a: {bind: 1}, b: {bind: 2}}}"
        let added = try change([("listeners.ws.site2.bind", .text("33034"))], yaml: yaml)
        #expect(added.loaded.configuration.listeners.map(\.configuration.name) == ["a", "b", "site2"])
        #expect(added.differences.contains { $0.key == "listeners.ws.site2.bind" && $0.before == nil })
        let gone = try added.loaded.changed(by: [SettingsMember("listeners.ws.b", .null)])
        #expect(gone.loaded.configuration.listeners.map(\.configuration.name) == ["a", "site2"])
        #expect(gone.differences.contains { $0.key == "listeners.ws.b.bind" && $0.after == nil })
        let last = try gone.loaded.changed(by: [SettingsMember("listeners.ws.site2", .null)])
        #expect(last.loaded.configuration.listeners.map(\.configuration.name) == ["a"])
        #expect(
            try refusal([("listeners.ws.x.bind", .text("1"))], ["LISTENERS": "ws:default"])
                == .fixed(key: "listeners", variable: "LISTENERS"))
        #expect(try refusal([("listeners.ws.x.bind", .text("33033"))]) != nil)
    }

    @Test func `A secret that is sent back hidden stays, and another one is a difference that shows neither`() throws {
        let loaded = try load(["AUTHENTICATION_PASSWORD": "hush"])
        let same = try loaded.changed(by: [SettingsMember("authentication.password", .text(SettingProblem.hidden))])
        #expect(same.differences.isEmpty)
        let first = try change([("authentication.ssl.password", .text("hush"))])
        let second = try first.loaded.changed(by: [SettingsMember("authentication.ssl.password", .text("hush2"))])
        #expect(second.differences.map(\.key) == ["authentication.ssl.password"])
        #expect(second.loaded.configuration.authentication.tls.keyPassword == Secret("hush2"))
        var dumped = ""
        dump(second, to: &dumped)
        #expect(!dumped.contains("hush"))
    }

    @Test func `A secret whose file has gone stays as it was read, until something near it is changed`() throws {
        var file: TemporaryFile? = try TemporaryFile("s3cr3t-of-a-file\n")
        let path = try #require(file).path
        let loaded = try load([
            "AUTHENTICATION_BACKEND": "built_in_database", "AUTHENTICATION_PASSWORD_FILE": path,
            "BROKER_PASSWORD_FILE": path, "BROKER_USERNAME": "u",
        ])
        file = nil
        let changed = try loaded.changed(by: [SettingsMember("log.level", .text("debug"))])
        #expect(changed.differences.map(\.key) == ["log.level"])
        var expected = loaded.configuration
        expected.logs.level = .debug
        #expect(changed.loaded.configuration == expected)
        #expect(expected.authentication.password != nil && expected.broker.password == "s3cr3t-of-a-file")
        #expect(loaded.keysThatRefuse("authentication.username", "u") == ["authentication.password_file"])
        // It is no setting of the authenticator, and makes another one all the same.
        #expect(loaded.keysThatRefuse("authentication.mechanism", "password_based") == ["authentication.password_file"])
        #expect(loaded.keysThatRefuse("upstream.unrouted", "error") == ["broker.password_file"])
    }

    @Test func `Headers that are sent back hidden stay, each by itself, and another value is another authenticator`()
        throws
    {
        let yaml = """
            authentication:
              backend: http
              url: http://auth.example/
              headers: {authorization: hush, x-name: hush2}
            """
        let loaded = try load(yaml: yaml)
        let hidden = SettingsValue.text(SettingProblem.hidden)
        func changed(_ headers: [SettingsMember], from loaded: LoadedConfiguration) throws -> ConfigurationChange {
            try loaded.changed(by: [SettingsMember("authentication.headers", .map(headers))])
        }
        func headers(_ loaded: LoadedConfiguration) -> [String] {
            (loaded.configuration.authentication.own?.settings as? HTTPAuthenticatorSettings)?.headers
                .map { "\($0.name)=\($0.value)" } ?? []
        }
        let same = try changed([.init("authorization", hidden), .init("x-name", hidden)], from: loaded)
        #expect(same.differences.isEmpty && headers(same.loaded) == ["authorization=hush", "x-name=hush2"])
        let one = try changed([.init("authorization", hidden), .init("x-name", .text("hush4"))], from: loaded)
        #expect(one.differences.map(\.key) == ["authentication.headers"])
        #expect(headers(one.loaded) == ["authorization=hush", "x-name=hush4"])
        #expect(one.loaded.configuration.authentication != loaded.configuration.authentication)
        let again = try changed([.init("x-name", hidden), .init("authorization", hidden)], from: one.loaded)
        #expect(headers(again.loaded) == ["x-name=hush4", "authorization=hush"])
        #expect(!"\(one.loaded.effectiveText)\(one.loaded.changesInEffect)".contains("hush"))
        // The environment's are not changed by being sent back.
        let environment = ["AUTHENTICATION_HEADERS": #"{"authorization":"hush"}"#]
        let fixed = try load(environment, yaml: yaml)
        #expect(try changed([.init("authorization", hidden)], from: fixed).differences.isEmpty)
    }

    @Test func `A URL and a body that are sent back as they were shown stay, and half of a URL is refused`() throws {
        let url = "http://auth.example/?key=hush&cid=${clientid}"
        let shown = "http://auth.example/?key=******&cid=${clientid}"
        let loaded = try load(
            yaml: "authentication: {backend: http, url: '\(url)', body: {cid: '${clientid}', key: hush2}}")
        func own(_ loaded: LoadedConfiguration) -> HTTPAuthenticatorSettings? {
            loaded.configuration.authentication.own?.settings as? HTTPAuthenticatorSettings
        }
        let body = SettingsValue.map([.init("cid", .text("${clientid}")), .init("key", .text(SettingProblem.hidden))])
        let back = [SettingsMember("authentication.url", .text(shown)), SettingsMember("authentication.body", body)]
        let same = try loaded.changed(by: back)
        #expect(same.differences.isEmpty && own(same.loaded)?.url == url)
        let other = "http://auth.example/other?key=hush3"
        let changed = try loaded.changed(by: [SettingsMember("authentication.url", .text(other))])
        #expect(changed.differences.map(\.key) == ["authentication.url"] && own(changed.loaded)?.url == other)
        #expect(own(changed.loaded)?.body.map(\.value) == ["${clientid}", "hush2"])
        // Also where it is a change already.
        let again = try changed.loaded.changed(
            by: [SettingsMember("authentication.url", .text("http://auth.example/other?key=******"))])
        #expect(again.differences.isEmpty && own(again.loaded)?.url == other)
        #expect(!"\(again.loaded.effectiveText)\(again.loaded.changesInEffect)".contains("hush"))
        #expect(throws: ConfigurationChange.Refusal.self) {
            try loaded.changed(by: [SettingsMember("authentication.url", .text("http://other.example/?key=******"))])
        }
    }

    @Test func `Topic overrides are changed as a whole`() throws {
        let map = SettingsValue.map([SettingsMember("Heartbeat", .text("h/${cid}"))])
        let change = try change(
            [("upstream.topic_override_mapping", map)], yaml: "upstream.topic_override_mapping: {Reset: r}")
        #expect(change.loaded.configuration.listeners[0].topics.callOverrides.keys.sorted() == ["Heartbeat"])
        #expect(change.differences.map(\.effect) == [.laterSessions])
    }

    @Test func `A listener that a change has added goes with the last of its keys`() throws {
        func names(_ loaded: LoadedConfiguration) -> [String] {
            loaded.configuration.listeners.map(\.configuration.name)
        }
        func takeBack(_ key: String, from loaded: LoadedConfiguration) throws -> LoadedConfiguration {
            try loaded.changed(by: [SettingsMember(key, .null)]).loaded
        }
        let bind = "listeners.ws.b2.bind"
        let added = try change([(bind, .text("127.0.0.1:33034"))]).loaded
        #expect(names(added) == ["default", "b2"])
        #expect(names(try takeBack(bind, from: added)) == ["default"])
        let two = try added.changed(by: [SettingsMember("listeners.ws.b2.websocket.path", .text("/x"))]).loaded
        #expect(names(try takeBack("listeners.ws.b2.websocket", from: two)) == ["default", "b2"])
        // One of the file has what the file says again, and one whose last key is changed in turn stays.
        let yaml = "listeners: {ws: {a: {bind: 127.0.0.1:1}}}"
        let changed = try change([("listeners.ws.a.bind", .text("127.0.0.1:2"))], yaml: yaml).loaded
        let back = try takeBack("listeners.ws.a.bind", from: changed)
        #expect(names(back) == ["a"] && back.configuration.listeners[0].configuration.port == 1)
        let moved = try added.changed(by: [
            SettingsMember(bind, .null), SettingsMember(bind, .text("127.0.0.1:33035")),
        ]).loaded
        #expect(moved.configuration.listeners.last?.configuration.port == 33035)
    }

    @Test func `A map and members of it are not mixed, and are taken back together where they are`() throws {
        let yaml = "authentication: {backend: http, url: 'http://127.0.0.1/'}"
        let map = SettingsValue.map([SettingsMember("clientid", .text("${clientid}"))])
        let whole = try change([("authentication.body", map)], yaml: yaml).loaded
        do throws(ConfigurationChange.Refusal) {
            _ = try whole.changed(by: [SettingsMember("authentication.body.k", .text("v"))])
            Issue.record("it was taken, and counts for nothing")
        } catch {
            #expect(
                error
                    == .invalid([
                        SettingProblem(
                            key: "authentication.body.k",
                            expectation: "expected all of authentication.body: a change has set it as one value",
                            source: .change)
                    ]))
        }
        let both = [SettingsMember("authentication.body", .null), SettingsMember("authentication.body.k", .null)]
        // As it could be done by earlier versions, and by hand.
        var layers = whole.layers
        layers.changes = SettingsTree(
            layers.changes.members + [SettingsMember("authentication.body.k", .text("v"))], isChange: true)
        let mixed = try LoadedConfiguration(layers)
        #expect(mixed.layers.changes.members.count == 2)
        #expect(try mixed.changed(by: both).loaded.layers.changes.members.isEmpty)
        let member = try change([("authentication.body.k", .text("${clientid}"))], yaml: yaml).loaded
        #expect(try member.changed(by: both).differences.map(\.key) == ["authentication.body"])
        #expect(throws: ConfigurationChange.Refusal.unknown(key: "authentication.body.j")) {
            try whole.changed(by: [SettingsMember("authentication.body.j", .null)])
        }
    }
}

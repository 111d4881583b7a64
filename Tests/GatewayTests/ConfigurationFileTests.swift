import ChargePointSessions
import Foundation
import Testing

@testable import Gateway

@Suite("Configuration: the YAML file")
struct ConfigurationFileTests {
    @Test(
        arguments: [
            "broker:\n  tls:\n    verify: false\n  url: mqtts://h\nlog: {level: debug}",
            "broker.tls.verify: no\nbroker.url: mqtts://h\nlog.level: debug",
            "broker:\n  tls.verify: 0\n  url: 'mqtts://h'\nlog.level: \"debug\"",
            "broker: {url: mqtts://h}\nbroker.tls: {verify: off}\nlog:\n  level: debug\nupstream:\n",
        ])
    func `Nested maps, dotted keys and mixes of both say the same`(yaml: String) throws {
        let configuration = try load(yaml: yaml).configuration
        #expect(configuration.broker.tls.verify == false)
        #expect(configuration.broker.addresses.first?.usesTLS == true)
        #expect(configuration.logs.level == .debug)
    }

    @Test(
        arguments: [
            "listeners: ws:a,ws:b\nlisteners.ws.a.bind: 1\nlisteners.ws.b.bind: 2",
            "listeners: [ws:a, ws:b]\nlisteners.ws: {a: {bind: 1}, b.bind: 2}",
            "listeners:\n  ws:\n    a: {bind: 1}\n    b:\n      bind: 2",
            "listeners.ws.a.bind: 1\nlisteners:\n  ws.b: {bind: 2}",
        ])
    func `Listeners are a list, or the map that holds their settings`(yaml: String) throws {
        let listeners = try load(yaml: yaml).configuration.listeners
        #expect(listeners.map(\.configuration.name) == ["a", "b"])
        #expect(listeners.map(\.configuration.port) == [1, 2])
    }

    @Test
    func `A listener without settings, and sections that are all comments, are no problem`() throws {
        let names = { (yaml: String) in try load(yaml: yaml).configuration.listeners.map(\.configuration.name) }
        #expect(try names("listeners: {ws: {plain: }}") == ["plain"])
        #expect(try names("broker:\n  # url: x\nlisteners:\n  # none\nauthentication: ~") == ["default"])
        #expect(try names("") == ["default"])
        #expect(try names("# nothing\n---\n") == ["default"])
    }

    @Test(
        arguments: [
            "upstream.topic_override_mapping: {Heartbeat: 'h/${cid}', BootNotification: b}",
            "upstream:\n  topic_override_mapping:\n    Heartbeat: h/${cid}\n    BootNotification: b",
            "upstream.topic_override_mapping: Heartbeat=h/${cid}, BootNotification=b",
            "upstream.topic_override_mapping: ['Heartbeat=h/${cid}', BootNotification=b]",
            "upstream.topic_override_mapping.Heartbeat: h/${cid}\nupstream.topic_override_mapping.BootNotification: b",
        ])
    func `Topic overrides are a map, dotted keys or pairs`(yaml: String) throws {
        let topics = try load(yaml: yaml).configuration.listeners[0].topics
        #expect(
            topics.callOverrides.mapValues { $0.filled(identity: "x").topic } == [
                "Heartbeat": "ocpp/h/x", "BootNotification": "ocpp/b",
            ])
    }

    @Test(
        arguments: ["broker: {qos: 1}\nbroker.qos: 1", "log: {level: info}\nlog: {level: info}", "a: 1\n\"a\": 2"])
    func `What is there twice is a problem`(yaml: String) {
        #expect(problems(yaml: yaml).contains { $0.hasSuffix("the key is there twice") })
    }

    @Test(
        arguments: hostileTexts)
    func `A file of another shape is a problem and never a crash`(_ hostile: Hostile) {
        let problems = problems(yaml: hostile.yaml)
        #expect(!problems.isEmpty)
        #expect(problems.count <= 400)
    }

    struct Hostile: Sendable, CustomTestStringConvertible {
        var yaml: String
        var testDescription: String { "\(yaml.prefix(40).debugDescription), \(yaml.utf8.count) bytes" }
    }

    static let hostileTexts: [Hostile] = {
        var texts = [
            "just text", "- a\n- b", "{", "a: b: c", "a: *nobody", "? [a, b]\n: c", "broker: [[1]]",
            "broker: [{a: 1}]", "a: 1\n---\nb: 2", "\u{0}", "a: \"\\xff\\uD800\"", "!!binary x: y",
            "%YAML 9.9\n---\na: 1",
        ]
        texts += ["[", "{a: ", "- ", "? "].map { String(repeating: $0, count: 100_000) }
        texts.append(String(repeating: "{b: ", count: 20) + "1" + String(repeating: "}", count: 20))
        texts.append((0..<20_000).map { "k\($0): 1\n" }.joined())
        texts.append("a: [" + String(repeating: "x,", count: 20_000) + "]")
        texts.append((1...40).reduce("a0: &a0 x\n") { $0 + "a\($1): &a\($1) [*a\($1 - 1), *a\($1 - 1)]\n" })
        let nested = (1...7).reduce("a0: &a0 {x: 1, y: 2}\n") {
            $0 + "a\($1): &a\($1) {p: *a\($1 - 1), q: *a\($1 - 1)}\n"
        }
        texts.append(nested + "? *a7\n: 1")
        return texts.map(Hostile.init)
    }()

    @Test
    func `No change to a file's text makes the reader crash`() {
        let text = Array(
            "broker: {url: &a 'mqtt://h', qos: 1}\nlisteners:\n  ws: {d: {bind: \"1\"}}\nlog.level: *a # x\n- |\n".utf8)
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<2000 {
            var bytes = text
            for _ in 0...3 {
                let index = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0..<3, using: &generator) {
                case 0: bytes[index] = UInt8.random(in: 0...127, using: &generator)
                case 1: bytes.remove(at: index)
                default: bytes.insert("[]{}:,&*!|>'\"%@`?-#\n ".utf8.randomElement(using: &generator) ?? 0, at: index)
                }
            }
            _ = problems(yaml: String(decoding: bytes, as: UTF8.self))
        }
    }

    @Test
    func `A file that cannot be read, is too long or not UTF-8 is a problem`() throws {
        let load = { (path: String) in
            ConfigurationFile(path: path).problems.map(\.description).joined()
        }
        #expect(load("/nonexistent/gateway.yaml").contains("No such file"))
        #expect(load("/").contains("it is a directory"))
        #expect(load("/dev/zero").contains("longer than 1048576 bytes"))
        let file = try TemporaryFile("")
        try Data([0x61, 0x3A, 0xFF]).write(to: URL(fileURLWithPath: file.path))
        #expect(load(file.path).contains("UTF-8"))
    }

    @Test
    func `The file is the one that CONFIG_FILE names`() throws {
        let file = try TemporaryFile("broker.qos: 2")
        let loaded = try LoadedConfiguration(environment: ["CONFIG_FILE": file.path], hostName: "h")
        #expect(loaded.configuration.broker.qualityOfService == .exactlyOnce)
        #expect(throws: InvalidConfiguration.self) {
            try LoadedConfiguration(environment: ["CONFIG_FILE": "/nonexistent"], hostName: "h")
        }
    }
}

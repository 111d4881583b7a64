@testable import Settings
import Testing

@Suite("Secrets are shown nowhere")
struct SecretTests {
    @Test func `It is its own text, or the first line of a file`() {
        var read = reader(
            ["A_PASSWORD": "hush", "B_PASSWORD": "file:///run/b", "C_PASSWORD_FILE": "/run/c"],
            files: ["/run/b": "first\r\nsecond", "/run/c": "c3"])
        #expect(read.secret("a.password", fileKey: "a.password_file", help: "") == Secret("hush"))
        #expect(read.secret("b.password", help: "") == Secret("first", file: "/run/b"))
        #expect(read.secret("c.password", fileKey: "c.password_file", help: "") == Secret("c3", file: "/run/c"))
        #expect(read.secret("d.password", fileKey: "d.password_file", help: "") == nil)
        #expect(read.problems.isEmpty)
        #expect(read["a.password"]?.isSecret == true && read["a.password_file"]?.isSecret == false)
    }

    @Test func `Two at once, a file that is missing, and one without a line are problems`() {
        var read = reader(
            [
                "A_PASSWORD": "hush", "A_PASSWORD_FILE": "/run/a", "B_PASSWORD": "file:///nowhere",
                "C_PASSWORD": "file:///run/c", "D_PASSWORD": "hu\0sh",
            ], files: ["/run/a": "x", "/run/c": "\n"])
        for name in ["a", "b", "c", "d"] {
            _ = read.secret("\(name).password", fileKey: "\(name).password_file", help: "")
        }
        let problems = read.problems.map(\.description)
        #expect(problems.count == 4)
        #expect(problems[0].contains("A_PASSWORD_FILE") && problems[0].contains("not both"))
        #expect(problems[1].contains("No such file") && problems[2].contains("first line"))
        #expect(problems[3].contains("without NUL"))
        #expect(!problems.contains { $0.contains("hush") || $0.contains("file://") || $0.contains("hu\0") })
    }

    @Test func `No description, dump, problem, layer beneath or written configuration has it`() {
        var read = reader(
            ["A_PASSWORD": "hush"], changes: [SettingsMember("a.password", .text("hush2"))],
            file: [SettingsMember("a.password", .text("hush3"))])
        let secret = read.secret("a.password", help: "")
        read.problem("a.password", "is too short")
        var dumped = ""
        dump(secret, to: &dumped)
        let text = SettingsDocument.effective(read.readings)
        #expect(text.contains("# a.password: ******  # environment, over change: \"******\", over file: \"******\"\n"))
        for shown in [dumped, "\(String(describing: secret))", String(reflecting: secret), "\(read.problems)", text] {
            #expect(!shown.contains("hush"), "\(shown)")
        }
        #expect(secret?.text == "hush")
    }

    @Test func `A map shows the names of its secrets and a change of a value is one`() throws {
        func reading(_ text: String) -> (values: [SettingsMember], reading: SettingReading?, problems: [String]) {
            var read = reader(
                ["A_HEADERS": text], file: [SettingsMember("a.headers", .map([.init("z", .text("hush3"))]))])
            let values = read("a.headers", .secretTextMap, default: [], help: "")
            return (values, read["a.headers"], read.problems.map(\.description))
        }
        let one = reading(#"{"x": "hush", "y": "hush2"}"#)
        #expect(one.values == [SettingsMember("x", .text("hush")), SettingsMember("y", .text("hush2"))])
        let shown = try #require(one.reading)
        #expect(shown.shown == #"{"x":"******","y":"******"}"# && shown.normalized == shown.shown)
        let text = SettingsDocument.effective([shown])
        #expect(
            text.contains(
                ##"# a.headers: {"x":"******","y":"******"}  # environment, over file: "{\"z\":\"******\"}""##),
            "\(text)")
        let other = try #require(reading(#"{"x":"hush","y":"hush4"}"#).reading)
        #expect(!shown.hasSameValue(as: other) && shown.hasSameValue(as: shown))
        #expect(reading("").reading?.shown.isEmpty == true)
        for broken in [#"{"x": hush"#, #"["hush"]"#, "hush", #"{"x":{"y":"hush"}}"#, #"{"x":"hush","x":"hush"}"#] {
            let bad = reading(broken)
            #expect(bad.problems.count == 1 && bad.values.isEmpty)
            let shown = "\(bad.problems) \(bad.reading?.shown ?? "")"
            #expect(!shown.contains("hush"), "\(shown)")
        }
    }
}

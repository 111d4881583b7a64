@testable import Settings
import Testing

@Suite("A file's values by dotted keys")
struct SettingsTreeTests {
    private func map(_ members: (String, SettingsValue)...) -> SettingsValue {
        .map(members.map { SettingsMember($0.0, $0.1) })
    }

    @Test func `Nested maps, dotted keys and mixes of both say the same`() {
        for members in [
            [SettingsMember("a", map(("b", map(("c", .plain("1"))))))], [SettingsMember("a.b.c", .plain("1"))],
            [SettingsMember("a.b", map(("c", .plain("1"))))], [SettingsMember("a", map(("b.c", .plain("1"))))],
        ] {
            let tree = SettingsTree(members)
            #expect(tree.entry(for: "a.b.c")?.value == .plain("1"))
            #expect(tree.entry(for: "a.b")?.value == map(("c", .plain("1"))))
            #expect(tree.order == ["a.b.c"] && tree.problems.isEmpty)
        }
    }

    @Test func `A map is a value as it stands, also with dots in its names and maps in it`() {
        let filter = map(("a.b", .plain("1")), ("$or", .list([map(("x", .null))])))
        let tree = SettingsTree([SettingsMember("find", map(("filter", filter)))])
        #expect(tree.entry(for: "find.filter")?.value == filter)
        let dotted = SettingsTree([
            SettingsMember("headers.x-a", .text("1")), SettingsMember("headers", map(("y", .text("2")))),
        ])
        #expect(dotted.entry(for: "headers")?.value == map(("x-a", .text("1")), ("y", .text("2"))))
    }

    @Test func `What is there twice, or has a name without end, is a problem`() {
        let twice = SettingsTree([
            SettingsMember("a", map(("b", .plain("1"))), line: 1), SettingsMember("a.b", .plain("2"), line: 3),
        ])
        #expect(
            twice.problems.map(\.description) == ["A_B (a.b) (file, line 3): expected once: the key is there twice"])
        #expect(twice.entry(for: "a.b")?.value == .plain("1"))
        let dots = String(repeating: ".", count: 100_000)
        #expect(SettingsTree([SettingsMember(dots, .plain("1"))]).problems.count == 1)
    }

    @Test func `A section with nothing in it holds nothing`() {
        let tree = SettingsTree([SettingsMember("a", .map([])), SettingsMember("b", .null)])
        #expect(tree.names.map(\.isEmpty) == [true, true])
    }

    @Test func `What is written is the same file again`() {
        let members = [
            SettingsMember("a.b", .text("x \"y\" \\ \u{2028}\u{1F600}")),
            SettingsMember("c", .list([.text("1"), .plain("2")])),
        ]
        #expect(
            SettingsDocument.file(SettingsTree(members).members)
                == "\"a.b\": \"x \\\"y\\\" \\\\ \\U00002028\u{1F600}\"\n\"c\": \"1,2\"\n")
    }
}

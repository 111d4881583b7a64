@testable import Settings
import Testing

@Suite("A setting is read, with its source")
struct SettingsReaderTests {
    @Test func `Nothing set is the defaults, and no problem`() {
        var read = reader()
        #expect(Room(&read) == Room())
        #expect(read.problems.isEmpty && read.warnings.isEmpty)
        #expect(read.readings.allSatisfy { $0.source == .defaults && $0.isDefault })
    }

    @Test func `The environment counts before a change, a change before the file, the file before the default`() throws
    {
        let file = [
            SettingsMember("room", .map([SettingsMember("seats", .plain("4"), line: 2)])),
            SettingsMember("room.colour", .plain("green"), line: 3),
        ]
        let changes = [SettingsMember("room.seats", .text("5")), SettingsMember("room.names", .text("x, y"))]
        var read = reader(["ROOM_SEATS": "6"], changes: changes, file: file)
        let room = Room(&read)
        #expect(room.seats == 6 && room.colour == .green && room.names == ["x", "y"])
        let seats = try #require(read["room.seats"])
        #expect(seats.source == .environment)
        #expect(
            seats.beneath == [.init(source: .change, shown: "5"), .init(source: .file(line: 2), shown: "4")])
        #expect(read["room.colour"]?.source == .file(line: 3))
        #expect(read["room.names"]?.source == .change)
        #expect(read["room.open"]?.source == .defaults)
    }

    @Test func `Every problem is found at once, and the default stands in for what is wrong`() {
        let file = [SettingsMember("room.seats", .plain("10"), line: 7)]
        var read = reader(["ROOM_COLOUR": "blue", "ROOM_CLOSING": "100s", "ROOM_OPEN": "perhaps"], file: file)
        #expect(Room(&read) == Room())
        #expect(
            read.problems.map(\.description) == [
                #"ROOM_SEATS (room.seats) is "10" (file, line 7): expected a whole number of 1 to 9"#,
                #"ROOM_COLOUR (room.colour) is "blue" (environment): expected red, green"#,
                #"ROOM_CLOSING (room.closing) is "100s" (environment): expected a duration of 0s to 99s, such as "#
                    + "500ms, 30s, 5m or 2h",
                #"ROOM_OPEN (room.open) is "perhaps" (environment): expected true or false"#,
            ])
    }

    @Test func `An empty text turns off what may be off, is an empty list, and is wrong elsewhere`() {
        var read = reader(["ROOM_CLOSING": "", "ROOM_NAMES": "", "ROOM_SEATS": ""])
        let room = Room(&read)
        #expect(room.closing == nil && room.names.isEmpty)
        #expect(read.problems.map(\.key) == ["room.seats"])
    }

    @Test func `Asked without layers it lists the table`() {
        let table = SettingsReader.table { read in
            _ = Room(&read)
            read.inside("listeners.ws.a.", documentedAs: "listeners.<type>.<name>.") { read in
                _ = read.optional("bind", .text, help: "where")
            }
        }
        #expect(
            table.map(\.documentedKey) == [
                "room.seats", "room.colour", "room.closing", "room.names", "room.open", "listeners.<type>.<name>.bind",
            ])
        #expect(table.map(\.defaultText) == ["3", "red", "30s", "a", "true", ""])
        #expect(table[0].effect == .atOnce && table[4].effect == .afterRestart)
        #expect(table[0].kind == .integer(1...9))
        #expect(SettingsDocument.help(table).contains("\nRoom\n  room.seats = 3\n      seats\n"))
        #expect(SettingsDocument.help(table).contains("  listeners.<type>.<name>.bind\n"))
    }

    @Test func `A value is the default however it is written`() {
        var read = reader(["ROOM_CLOSING": "30000ms", "ROOM_COLOUR": "RED", "ROOM_OPEN": "on", "ROOM_NAMES": " a,"])
        _ = Room(&read)
        #expect(read.readings.allSatisfy { $0.isDefault })
        #expect(read.isSet("room.closing") && !read.isSet("room.seats"))
    }

    @Test func `What must be set is a problem without it`() {
        var read = reader()
        #expect(read.required("room.number", .integer(1...2), help: "") == nil)
        #expect(read.problems.map(\.description) == [#"ROOM_NUMBER (room.number) is "" (default): expected a value"#])
        var wrong = reader(["ROOM_NUMBER": "3"])
        _ = wrong.required("room.number", .integer(1...2), help: "")
        #expect(wrong.problems.count == 1)
    }

    @Test func `A rule about several settings is said once, with the value and its source`() {
        var read = reader(["ROOM_SEATS": "1"])
        _ = Room(&read)
        for _ in 0..<2 { read.problem("room.seats", "expected more than room.names") }
        read.warn("room.colour", "is ugly")
        #expect(
            read.problems.map(\.description) == [
                #"ROOM_SEATS (room.seats) is "1" (environment): expected more than room.names"#
            ])
        #expect(read.warnings.map(\.description) == [#"ROOM_COLOUR (room.colour) is "red" (default): is ugly"#])
    }
}

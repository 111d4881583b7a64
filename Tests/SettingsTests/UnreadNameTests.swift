@testable import Settings
import Testing

@Suite("Names that nothing reads")
struct UnreadNameTests {
    private func checked(_ read: SettingsReader) -> (problems: [String], warnings: [String]) {
        var read = read
        _ = Room(&read)
        _ = read.optional("door.headers", .textMap, help: "")
        read.ignored("door.pool", because: "there is none")
        read.refuse("door.lock", because: "belongs to another door")
        read.checkNames(strict: ["door."], others: ["CONFIG_FILE"]) { $0 == "room.x" ? "explained" : nil }
        return (read.problems.map(\.description), read.warnings.map(\.description))
    }

    @Test func `In the file and in a change they are problems, with the nearest name and never with their value`() {
        let found = checked(
            reader(
                changes: [SettingsMember("room.seat", .text("hush"))],
                file: [
                    SettingsMember("room.x", .text("hush"), line: 1), SettingsMember("colour", .text("hush"), line: 2),
                    SettingsMember("door.headers.x-a", .text("1"), line: 3), SettingsMember("room", .null, line: 4),
                    SettingsMember("doors", .null, line: 5),
                ]))
        #expect(
            found.problems == [
                "ROOM_SEAT (room.seat) (change): unknown name; did you mean room.seats?",
                "ROOM_X (room.x) (file, line 1): explained",
                "COLOUR (colour) (file, line 2): unknown name",
                "DOORS (doors) (file, line 5): unknown name",
            ])
        #expect(found.warnings.isEmpty)
    }

    @Test
    func `In the environment they are warnings where they look like ours, and problems where a typo opens a door`() {
        let found = checked(
            reader(["ROOM_SEAT": "hush", "DOOR_SIZE": "hush", "DOOR_EMPTY": "", "PATH": "/", "CONFIG_FILE": "x"]))
        #expect(found.problems == ["DOOR_SIZE (environment): unknown name"])
        #expect(found.warnings == ["ROOM_SEAT (environment): unknown name; did you mean ROOM_SEATS?"])
    }

    @Test func `All that is in a section without effect is a warning, in the environment, a file and a change`() {
        var read = reader(
            ["DOOR_POOLS_SIZE": "1", "DOOR_POOLS_EMPTY": "", "DOOR_POOL_SIZE": "1"],
            changes: [SettingsMember("door.pools", .map([SettingsMember("wait", .text("1"))]))],
            file: [SettingsMember("door.pools.most", .text("1"), line: 1), SettingsMember("door.poolsize", .text("1"))])
        read.ignored(below: "door.pools", because: "there is none")
        read.checkNames(strict: ["door."], others: [])
        #expect(
            read.warnings.map(\.description) == [
                "DOOR_POOLS_SIZE (environment): has no effect: there is none",
                "DOOR_POOLS_WAIT (door.pools.wait) (change): has no effect: there is none",
                "DOOR_POOLS_MOST (door.pools.most) (file, line 1): has no effect: there is none",
            ])
        #expect(read.problems.compactMap(\.key) == ["DOOR_POOL_SIZE", "door.poolsize"])
    }

    @Test func `One that is read under other circumstances says so, and one without effect is a warning`() {
        let found = checked(
            reader(["DOOR_LOCK": "1", "DOOR_POOL": "8"], file: [SettingsMember("door.pool", .text("8"), line: 1)]))
        #expect(found.problems == ["DOOR_LOCK (environment): belongs to another door"])
        #expect(found.warnings == ["DOOR_POOL (door.pool) (environment): has no effect: there is none"])
    }
}

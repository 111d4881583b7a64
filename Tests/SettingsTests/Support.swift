@testable import Settings

/// A reader of variables, changes and a file that is in no file.
func reader(
    _ environment: [String: String] = [:], changes: [SettingsMember] = [], file: [SettingsMember] = [],
    files: [String: String] = [:]
) -> SettingsReader {
    SettingsReader([EnvironmentLayer(environment), SettingsTree(changes, isChange: true), SettingsTree(file)]) {
        path, _ throws(SettingFlaw) in
        guard let text = files[path] else { throw SettingFlaw("No such file") }
        return Array(text.utf8)
    }
}

enum Colour: String, CaseIterable {
    case red, green
}

/// A room's configuration, as rooms have it.
struct Room: Equatable {
    var seats = 3
    var colour = Colour.red
    var closing: Duration? = .seconds(30)
    var names: [String] = ["a"]
    var isOpen = true

    init() {}

    init(_ read: inout SettingsReader) {
        self.init()
        read.section("Room", applies: .atOnce)
        seats = read("room.seats", .integer(1...9), default: seats, help: "seats")
        colour = read("room.colour", .choice(), default: colour, help: "colour")
        closing = read.optional("room.closing", .duration(.zero ... .seconds(99)), default: closing, help: "when")
        names = read("room.names", .list, default: names, help: "who")
        isOpen = read("room.open", .boolean, default: isOpen, applies: .afterRestart, help: "door")
    }
}

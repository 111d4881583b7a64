import Authentication
import OutsideNames

/// What `ocpp-gateway users` can do with the users of the gateway's own database, without curl and while it runs.
package enum UserCommand: Sendable {
    /// The password is on the first line of the input.
    case add(StoredUser)
    case list(like: String?)
    case delete(UserID)
    /// The file is the input.
    case importFile(UserFile.Format, UserFile.Secret, override: Bool)
    case export

    private static let pageLength = 1000

    /// Whether ``run(on:input:)`` wants something to read.
    package var readsInput: Bool {
        switch self {
        case .add, .importFile: true
        case .list, .delete, .export: false
        }
    }

    /// - Returns: What is to be printed.
    package func run(on store: any UserStore, input: [UInt8] = []) async throws(UserStoreFailure) -> String {
        switch self {
        case .add(let user):
            var lines = SecretLines(input)
            _ = try await store.add(NewUser(user, password: lines.next() ?? []))
            return "added \(TerminalText(user.id.text))\n"
        case .list(let like):
            return try await Self.list(store, like: like)
        case .delete(let id):
            try await store.delete(id)
            return "deleted \(TerminalText(id.text))\n"
        case .importFile(let format, let secret, let override):
            let report = try await store.add(
                UserFile(bytes: input, format: format, secret: secret, replacesExisting: override))
            return
                "\(report.total) rows: \(report.success) added, \(report.override) replaced, \(report.skipped) skipped\n"
        case .export:
            return try await store.export()
        }
    }

    /// A line for each: the id, and after tabs what is special about it.
    private static func list(_ store: any UserStore, like: String?) async throws(UserStoreFailure) -> String {
        var query = UserQuery()
        query.limit = pageLength
        query.like = like
        var text = ""
        while true {
            let users = try await store.users(query).users
            for user in users {
                text += "\(TerminalText(user.id.text))"
                if user.isSuperuser { text += "\tsuperuser" }
                if let profile = user.securityProfile { text += "\tsecurity profile \(profile)" }
                text += "\n"
            }
            guard users.count == pageLength else { return text }
            query.page += 1
        }
    }
}

/// A name that somebody else has chosen, so that it cannot write on the operator's screen what it likes.
package struct TerminalText: CustomStringConvertible {
    package let description: String

    package init(_ text: String) {
        var shown = ""
        for scalar in text.unicodeScalars {
            if scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) || scalar == "\\" {
                shown += "\\u{\(String(scalar.value, radix: 16))}"
            } else {
                shown.unicodeScalars.append(scalar)
            }
        }
        description = shown
    }
}

/// Lines of the standard input that hold secrets: bytes without their line's end.
package struct SecretLines {
    private var rest: ArraySlice<UInt8>

    package init(_ input: [UInt8]) {
        rest = input[...]
    }

    /// Nil: there is no further line.
    package mutating func next() -> [UInt8]? {
        guard !rest.isEmpty else { return nil }
        let line = rest.prefix { $0 != UInt8(ascii: "\n") }
        rest = rest.dropFirst(line.count + 1)
        return Array(line.last == UInt8(ascii: "\r") ? line.dropLast() : line)
    }
}

import ArgumentParser
import Authentication
import CredentialChecking
import Foundation
import Gateway

/// `ocpp-gateway users`: the users of the built-in database, also while the gateway runs.
struct UsersCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "users",
        abstract: "Users of the built-in database (authentication.backend: built_in_database).",
        discussion: """
            A running gateway sees a change at once. Passwords are read from standard input, never from the command \
            line. The database is that of the configuration (CONFIG_FILE, DATA_DIR), or of --data-dir.
            """,
        subcommands: [Add.self, List.self, Delete.self, Import.self, Export.self])

    struct Options: ParsableArguments {
        @Option(help: "Folder of users.sqlite3; default: data_dir of the configuration.")
        var dataDir: String?

        func run(_ command: UserCommand) async throws {
            let loaded = try CommandSupport.load()
            do {
                let input = command.readsInput ? try CommandSupport.input(limit: 64 << 20) : []
                let store = try loaded.configuration.userStore(in: dataDir)
                try CommandSupport.write(try await command.run(on: store, input: input))
            } catch let failure as UserStoreFailure {
                CommandSupport.complain("\(failure)")
                throw ExitCode(1)
            }
        }
    }

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Add a user; its password is the first line of standard input.")
        @Argument(help: "The user's id: the charge point's identity.") var user: String
        @Option(help: "OCPP security profile by which it must come in at least: 1, 2 or 3.") var securityProfile: Int?
        @OptionGroup var options: Options

        func validate() throws {
            guard securityProfile.map((1...3).contains) ?? true else { throw ValidationError("expected 1, 2 or 3") }
        }

        func run() async throws {
            let id = UserID(user)
            try await options.run(.add(StoredUser(id: id, securityProfile: securityProfile)))
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List users, without anything of their passwords.")
        @Option(help: "Only those whose id holds this text.") var like: String?
        @OptionGroup var options: Options

        func run() async throws { try await options.run(.list(like: like)) }
    }

    struct Delete: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Delete a user. Its charge point's open session stays.")
        @Argument var user: String
        @OptionGroup var options: Options

        func run() async throws {
            let id = UserID(user)
            try await options.run(.delete(id))
        }
    }

    struct Import: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Add users from standard input: all of them, or none and a list of bad rows.")
        @Flag(help: "The input is JSON, not CSV.") var json = false
        @Flag(help: "The input holds hashes and salts, not passwords.") var hash = false
        @Flag(help: "Replace users that are there.") var override = false
        @OptionGroup var options: Options

        func run() async throws {
            try await options.run(.importFile(json ? .json : .csv, hash ? .hash : .plain, override: override))
        }
    }

    struct Export: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Write all users as CSV with their hashes, for another gateway's import.")
        @OptionGroup var options: Options

        func run() async throws { try await options.run(.export) }
    }
}

import Authentication
import CredentialChecking
import Foundation
import OutsideNames
import Testing

@testable import BuiltInDatabaseAuthenticator

/// management.md, import and export; authentication.md, `bootstrap_file`.
struct UserImportTests {
    private static let hash = "244254b6b6eac2d7e2f8463ebcb25017e33cd4c0f9eea2a0384370906bb3ccd6"
    private static let salt = "f3a1c2d4e5b60718293a4b5c6d7e8f90"
    private static let password = "secret-0123456789"

    private let directory = DataDirectory()

    private func file(
        _ text: String, _ format: UserFile.Format = .csv, _ secret: UserFile.Secret = .plain, override: Bool = false
    ) -> UserFile {
        UserFile(bytes: Array(text.utf8), format: format, secret: secret, replacesExisting: override)
    }

    @Test func `Hashes and salts are taken as they stand, from CSV and from JSON`() async throws {
        let database = try directory.database()
        _ = try await database.add(
            file(
                "user_id,password_hash,salt,is_superuser\nCP1,\(Self.hash),\(Self.salt),true\r\n\nCP2,\(Self.hash),\(Self.salt),\n",
                .csv, .hash))
        _ = try await database.add(
            file(#"[{"user_id":"CP3","password_hash":"\#(Self.hash)","salt":"\#(Self.salt)","other":1}]"#, .json, .hash)
        )
        for name in ["CP1", "CP2", "CP3"] {
            #expect(try await database.letsIn(name, Self.password) == true)
            #expect(try await database.user(UserID(name))?.isSuperuser == (name == "CP1"))
        }
    }

    @Test func `Passwords are hashed, from CSV and from JSON, columns in any order`() async throws {
        let database = try directory.database()
        let csv = try await database.add(
            file("\u{FEFF}password,is_superuser,user_id\n\"se\"\"cr,et\nx\",1,\"CP,1\"\nplain,0,CP2\n"))
        #expect(csv.total == 2 && csv.success == 2)
        _ = try await database.add(file(#"[{"user_id":"CP3","password":"päss","is_superuser":true}]"#, .json))
        #expect(try await database.letsIn("CP,1", "se\"cr,et\nx") == true)
        #expect(try await database.letsIn("CP2", "plain") == true)
        #expect(try await database.letsIn("CP3", "päss") == true)
        #expect(try await database.listed { $0.isSuperuser = true } == ["CP,1", "CP3"])
    }

    @Test func `A field is every byte between its commas`() async throws {
        let database = try directory.database()
        let text = "user_id,password\nCP1, a b \n CP2,\u{301}x\u{85}y\u{2028}z\u{B}\nCP3,a\rCP4,\"\"\"\"\n"
        #expect(try await database.add(file(text)).success == 4)
        #expect(try await database.letsIn("CP1", " a b ") == true)
        #expect(try await database.letsIn(" CP2", "\u{301}x\u{85}y\u{2028}z\u{B}") == true)
        #expect(try await database.letsIn("CP3", "a") == true)
        #expect(try await database.letsIn("CP4", "\"") == true)
    }

    @Test func `Who is there is skipped, or replaced with override`() async throws {
        let database = try directory.database()
        try await database.add("CP1", "old")
        let text = "user_id,password\nCP1,new\nCP2,new\nCP3,new\n"
        var report = UserImportReport()
        (report.total, report.success, report.skipped) = (3, 2, 1)
        #expect(try await database.add(file(text)) == report)
        #expect(try await database.letsIn("CP1", "old") == true)
        try await database.delete("CP2")
        try await database.delete("CP3")
        (report.override, report.skipped) = (1, 0)
        #expect(try await database.add(file(text, override: true)) == report)
        #expect(try await database.letsIn("CP1", "new") == true)
        #expect(try await database.letsIn("CP1", "old") == false)
    }

    @Test func `A user that is twice in a file counts as one that is there`() async throws {
        let database = try directory.database()
        let text = "user_id,password\nCP1,first\nCP1,second\n"
        #expect(try await database.add(file(text)).skipped == 1)
        #expect(try await database.letsIn("CP1", "first") == true)
        #expect(try await database.add(file(text, override: true)).override == 2)
        #expect(try await database.letsIn("CP1", "second") == true)
    }

    @Test func `With a bad row nothing is changed, and the first ten are named`() async throws {
        let database = try directory.database()
        let rows = (1...30).map { $0.isMultiple(of: 2) ? "CP\($0),\(Self.hash)" : "CP\($0),nonsense" }
        let text = (["user_id,password_hash"] + rows).joined(separator: "\n")
        await #expect {
            try await database.add(file(text, .csv, .hash))
        } throws: {
            guard case .badRows(let rows)? = $0 as? UserStoreFailure else { return false }
            return rows.map(\.number) == [1, 3, 5, 7, 9, 11, 13, 15, 17, 19] && !"\($0)".contains("nonsense")
        }
        #expect(try await database.users(UserQuery()).count == 0)
    }

    @Test(arguments: [
        #"[{"user_id":"","password":"p"}]"#, #"[{"user_id":1,"password":"p"}]"#, #"[{"password":"p"}]"#,
        #"[{"user_id":"CP1"}]"#, #"[{"user_id":"CP1","password":""}]"#,
        #"[{"user_id":"CP1","password":"p","is_superuser":"yes"}]"#,
        #"[{"user_id":"CP1","password":"p","security_profile":9}]"#, "[1]", "[[]]", "[null]",
    ])
    func `A JSON row that is none is bad`(text: String) async throws {
        let database = try directory.database()
        await #expect {
            try await database.add(file(text, .json))
        } throws: {
            guard case .badRows(let rows)? = $0 as? UserStoreFailure else { return false }
            return rows.map(\.number) == [1]
        }
    }

    @Test(arguments: [
        "user_id,password\n,p\n", "user_id,password\nCP1,\n", "user_id,password\nCP1\n",
        "user_id,password,is_superuser\nCP1,p,yes\n", "user_id,password,security_profile\nCP1,p,x\n",
        "user_id,password\nCP1,pass,word\n",
    ])
    func `A CSV row that is none is bad`(text: String) async throws {
        let database = try directory.database()
        await #expect {
            try await database.add(file(text))
        } throws: {
            guard case .badRows(let rows)? = $0 as? UserStoreFailure else { return false }
            return rows.map(\.number) == [1]
        }
    }

    @Test(arguments: ["\0", "CP\u{0}1", "line\nbreak", "tab\t", "\u{7F}", "\u{85}nel"])
    func `A name with a control character is a bad row`(name: String) async throws {
        let database = try directory.database()
        let quoted = String(decoding: try JSONEncoder().encode(name), as: UTF8.self)
        let json = #"[{"user_id":"CP1","password":"p"},{"user_id":\#(quoted),"password":"p"}]"#
        for file in [file("user_id,password\nCP1,p\n\"\(name)\",p\n"), file(json, .json)] {
            await #expect(
                throws: UserStoreFailure.badRows([.init(number: 2, reason: "user_id has control characters")])
            ) {
                try await database.add(file)
            }
        }
        #expect(try await database.users(UserQuery()).count == 0)
    }

    @Test func `Names that are not UTF-8 are bad rows`() async throws {
        let database = try directory.database()
        let bytes = Array("user_id,password\nCP".utf8) + [0xFF] + Array(",p\n".utf8)
        await #expect(throws: UserStoreFailure.badRows([.init(number: 1, reason: "user_id is not UTF-8")])) {
            try await database.add(UserFile(bytes: bytes, format: .csv, secret: .plain))
        }
    }

    @Test(arguments: ["", "user_id\nCP1\n", "user_id,password_hash\n", "user_id,user_id,password\n", "a\"b,\"c"])
    func `A CSV without its columns is refused`(text: String) async throws {
        let database = try directory.database()
        await #expect {
            try await database.add(file(text))
        } throws: {
            if case .badFile? = $0 as? UserStoreFailure { true } else { false }
        }
    }

    @Test(arguments: ["", "{}", "[", "nonsense", #"{"user_id":"CP1"}"#, String(repeating: "[", count: 100_000)])
    func `What is no JSON list is refused`(text: String) async throws {
        let database = try directory.database()
        await #expect {
            try await database.add(file(text, .json))
        } throws: {
            if case .badFile? = $0 as? UserStoreFailure { true } else { false }
        }
    }

    /// Attack: the rows of a file were all taken apart at once, at 150 and more times the size of the file.
    @Test func `Rows of a CSV are read one by one`() throws {
        var rows = try CSVRows(Array("user_id,password\n\n\r\nCP1,p\n,\n\"CP2\",x\"y\n".utf8), mostRows: 9)
        #expect(rows.columns == ["user_id", "password"])
        #expect(try rows.next()?.fields == [Array("CP1".utf8), Array("p".utf8)])
        #expect(throws: UserStoreFailure.badFile("this is no CSV: quotes do not match")) { try rows.next() }
    }

    @Test(arguments: [
        ("user_id,password\n" + String(repeating: ",", count: 64), "a row has more than 64 fields"),
        (
            "user_id,password\nCP1," + String(repeating: "x", count: 65_536),
            "a row has more than 64 KB, or its quotes do not match"
        ),
        ("user_id,password\nCP1,\"p\nCP2,p\n", "this is no CSV: quotes do not match"),
        (
            "user_id,password\nCP1,\"p" + String(repeating: "\nCP2,p", count: 16_000),
            "a row has more than 64 KB, or its quotes do not match"
        ),
    ])
    func `A row has its bounds`(text: String, reason: String) async throws {
        let database = try directory.database()
        await #expect(throws: UserStoreFailure.badFile(reason)) { try await database.add(file(text)) }
    }

    @Test func `A file has so many rows, and JSON so many values`() throws {
        func users(_ file: UserFile) throws -> Int { try UserRows(file, hash: .standard, mostRows: 3).users.count }
        #expect(try users(file("user_id,password\n" + String(repeating: "a,b\n\n", count: 3))) == 3)
        #expect(throws: UserStoreFailure.badFile("it has more than 3 rows")) {
            try users(file("user_id,password\n" + String(repeating: "a,b\n", count: 4)))
        }
        #expect(throws: UserStoreFailure.badFile("it has more than 3 rows")) {
            try users(file("user_id,password\n" + String(repeating: ",\n", count: 4)))
        }
        let object = #"{"user_id":"a:,[{","password":"\",,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,"}"#
        #expect(try users(file("[\(object),\(object),\(object)]", .json)) == 3)
        #expect(throws: UserStoreFailure.badFile("it has more than 3 rows")) {
            try users(file("[\(object),\(object),\(object),\(object)]", .json))
        }
        #expect(throws: UserStoreFailure.badFile("it holds more than 48 values")) {
            try users(file("[[" + String(repeating: "1,", count: 48) + "1]]", .json))
        }
    }

    @Test func `What is exported can be imported, whatever the names are`() async throws {
        let database = try directory.database()
        let names = [
            "CP1", "a,b", "\"q\"", "\u{301}accent", " space", "\u{2028}", "=cmd", "\",\"",
        ]
        for (index, name) in names.enumerated() {
            try await database.add(UserID(name), "password \(name)", isSuperuser: index.isMultiple(of: 2))
        }
        let text = try await database.export()
        #expect(text.hasPrefix("user_id,password_hash,salt,is_superuser\n"))
        let other = DataDirectory()
        let copy = try other.database()
        #expect(try await copy.add(file(text, .csv, .hash)).success == names.count)
        #expect(try await copy.users(UserQuery()) == database.users(UserQuery()))
        for name in names { #expect(try await copy.letsIn(name, "password \(name)") == true) }
    }

    @Test func `Security profiles are exported where there are any`() async throws {
        let database = try directory.database()
        try await database.add("CP1", securityProfile: 2)
        try await database.add("CP2")
        let text = try await database.export()
        #expect(text.hasPrefix("user_id,password_hash,salt,is_superuser,security_profile\n"))
        let copy = try DataDirectory().database()
        _ = try await copy.add(file(text, .csv, .hash))
        #expect(try await copy.user("CP1")?.securityProfile == 2)
        #expect(try await copy.user("CP2")?.securityProfile == nil)
    }

    @Test func `Thousands of users are one import`() async throws {
        let database = try directory.database()
        let text = "user_id,password\n" + (0..<3_000).map { "CP\($0),password-\($0)\n" }.joined()
        #expect(try await database.add(file(text)).success == 3_000)
        #expect(try await database.letsIn("CP2999", "password-2999") == true)
    }

    // MARK: - bootstrap_file

    @Test func `A bootstrap file adds who is missing at each start and never overwrites`() async throws {
        let path = try directory.write("user_id,password\nCP1,first\n", to: "users.csv")
        func database() throws -> BuiltInDatabase { try directory.database { $0.bootstrap = .init(path: path) } }
        #expect(try await database().addBootstrapUsers()?.success == 1)
        let running = try database()
        _ = try await running.update("CP1", UserChange(password: Array("changed".utf8)))
        _ = try directory.write("user_id,password\nCP1,first\nCP2,second\n", to: "users.csv")
        let again = try database()
        let report = try await again.addBootstrapUsers()
        #expect(report?.success == 1 && report?.skipped == 1)
        #expect(try await again.letsIn("CP1", "changed") == true)
        #expect(try await again.letsIn("CP1", "first") == false)
        #expect(try await again.letsIn("CP2", "second") == true)
        #expect(try await directory.database().addBootstrapUsers() == nil)
    }

    @Test func `It may be JSON, and hold hashes`() async throws {
        let text = #"[{"user_id":"CP1","password_hash":"\#(Self.hash)","salt":"\#(Self.salt)"}]"#
        let path = try directory.write(text, to: "users.json")
        let database = try directory.database { $0.bootstrap = .init(path: path, secret: .hash) }
        #expect(try await database.addBootstrapUsers()?.success == 1)
        #expect(try await database.letsIn("CP1", Self.password) == true)
    }

    @Test func `A bootstrap file that is a pipe is an error, and nobody waits for its writer`() async throws {
        let path = try directory.write("", to: "pipe.csv")
        #expect(unlink(path) == 0)
        #expect(mkfifo(path, 0o600) == 0)
        let database = try directory.database { $0.bootstrap = .init(path: path) }
        await #expect(throws: UserStoreFailure.badFile("\(path): is no regular file")) {
            try await database.addBootstrapUsers()
        }
    }

    @Test func `A bootstrap file that is missing or wrong is an error, with the rows`() async throws {
        let missing = try directory.database { $0.bootstrap = .init(path: self.directory.path + "/none.csv") }
        await #expect {
            try await missing.addBootstrapUsers()
        } throws: {
            "\($0)".contains("none.csv: is missing")
        }
        let path = try directory.write("user_id,password\nCP1,p\n,p\nCP3,\n", to: "users.csv")
        let wrong = try directory.database { $0.bootstrap = .init(path: path) }
        await #expect {
            try await wrong.addBootstrapUsers()
        } throws: {
            "\($0)".hasPrefix("bad rows: 2 (") && "\($0)".contains("3 (")
        }
        #expect(try await wrong.user("CP1") == nil)
    }
}

import Testing

@testable import CredentialChecking

struct BackendServersTests {
    @Test(arguments: [
        ("127.0.0.1:5432", ["127.0.0.1:5432"]), ("db", ["db:1"]), ("db:7, db2 ,[::1]:9", ["db:7", "db2:1", "[::1]:9"]),
        ("::1", ["[::1]:1"]), ("[fe80::1%eth0]", ["[fe80::1%eth0]:1"]),
    ])
    func `Servers are hosts with ports, several with commas`(text: String, servers: [String]) throws {
        #expect(try BackendServers(text, defaultPort: 1).servers.map(\.description) == servers)
    }

    @Test(arguments: [
        "", ",", "a,", ":1", "a:", "a:0", "a:65536", "a:+1", "a:1x", "[::1", "[::1]1", "[]:1", "a b", "a/b", "a'",
        "a\0", "999.1.1.1:5432", "10.0.1", "a,10.0.0.256:1",
        "user@host", String(repeating: "a", count: 300), Array(repeating: "a", count: 65).joined(separator: ","),
    ])
    func `What is no server is an error`(text: String) {
        #expect(throws: BackendProblem.self) { try BackendServers(text, defaultPort: 1) }
    }

    @Test func `The server that answered last is tried first`() throws {
        let rotation = ServerRotation(try BackendServers("a,b,c", defaultPort: 1))
        var tried: [String] = []
        func connect(_ good: Set<String>) throws(ConnectionFault) -> String {
            try rotation.connect { server throws(ConnectionFault) in
                tried.append(server.host)
                guard good.contains(server.host) else { throw .lost("refused") }
                return server.host
            }
        }
        #expect(try connect(["b", "c"]) == "b")
        #expect(try connect(["a", "b"]) == "b")
        #expect(throws: ConnectionFault.lost("b:1: refused; c:1: refused; a:1: refused")) { try connect([]) }
        #expect(tried == ["a", "b", "b", "b", "c", "a"])
    }

    @Test func `A server's refusal of our log-in ends the search`() {
        #expect(throws: ConnectionFault.nonsense("a:1: no", isUsable: false)) {
            try ServerRotation(BackendServers("a,b", defaultPort: 1)).connect { _ throws(ConnectionFault) in
                throw ConnectionFault.nonsense("no", isUsable: false)
            }
        }
    }
}

struct CredentialColumnsTests {
    @Test func `Columns are found by name in any case`() throws {
        let columns = try CredentialColumns(names: ["SALT", "Password", "Is_Superuser", "security_profile", "other"])
        let values: [[UInt8]?] = [[1], [2], Array("1".utf8), Array("3".utf8), [9]]
        let credential = try columns.credential { values[$0] }
        #expect(credential == StoredCredential(hash: [2], salt: [1], isSuperuser: true, securityProfile: 3))
    }

    @Test func `password_hash goes before password`() throws {
        let columns = try CredentialColumns(names: ["password", "password_hash"])
        #expect(try columns.credential { [UInt8($0)] }.hash == [1])
    }

    @Test func `Without a hash's column the query is wrong`() {
        #expect(throws: ConnectionFault.self) { try CredentialColumns(names: ["salt", "passwords"]) }
    }

    @Test func `What is too long to be a hash or a salt is nonsense`() {
        let long = [UInt8](repeating: 65, count: CredentialColumns.mostBytes + 1)
        #expect(throws: ConnectionFault.self) {
            try StoredCredential(hash: long, salt: nil, isSuperuser: nil, securityProfile: nil)
        }
        #expect(throws: ConnectionFault.self) {
            try StoredCredential(hash: [1], salt: long, isSuperuser: nil, securityProfile: nil)
        }
    }

    @Test(arguments: ["0", "4", "x", "-1", "1 "])
    func `A security profile is 1, 2 or 3`(text: String) {
        #expect(throws: ConnectionFault.self) {
            try StoredCredential(hash: [1], salt: nil, isSuperuser: nil, securityProfile: Array(text.utf8))
        }
    }
}

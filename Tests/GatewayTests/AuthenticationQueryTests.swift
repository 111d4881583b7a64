import Testing

@testable import Gateway

/// authentication-backends.md, MySQL: names are bytes.
@Suite struct AuthenticationQueryTests {
    private func warned(_ backend: String, _ query: String?) throws -> [String] {
        var environment = [
            "AUTHENTICATION_BACKEND": backend, "AUTHENTICATION_DATABASE": "gateway",
            "AUTHENTICATION_USERNAME": "gateway",
        ]
        environment["AUTHENTICATION_QUERY"] = query
        return try warnings(environment).filter { $0.contains("AUTHENTICATION_QUERY") }
    }

    @Test func `A query that leaves the comparison of names to MySQL is warned of, and no other`() throws {
        let loose = "SELECT password_hash FROM mqtt_user WHERE LOWER(username) = ${username}"
        #expect(try warned("mysql", loose).map { $0.contains("most of them take cp1 and CP1 for one name") } == [true])
        #expect(try warned("mysql", nil) == [])
        #expect(try warned("mysql", "SELECT password_hash FROM mqtt_user WHERE username = ${username}") == [])
        #expect(try warned("mysql", loose + " COLLATE utf8mb4_nopad_bin") == [])
        #expect(try warned("postgresql", loose) == [])
    }
}

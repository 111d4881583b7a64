import Testing

@testable import PostgreSQLAuthenticator

struct PostgreSQLFaultTests {
    @Test(arguments: [
        ("57P01", PostgreSQLFault.unreachable), ("53300", .unreachable), ("08006", .unreachable),
        ("22021", .noSuchValue), ("22P02", .noSuchValue), ("0A000", .stalePlan), ("26000", .stalePlan),
        ("57014", .cancelled), ("42P01", .nonsense), ("28P01", .nonsense), ("22012", .nonsense), ("", .nonsense),
    ])
    func `An SQLSTATE means one thing`(state: String, fault: PostgreSQLFault) {
        #expect(PostgreSQLFault(state: state) == fault)
    }

    @Test func `The SQLSTATE of a refused log-in is read from libpq's words`() {
        let words =
            "connection to server at \"127.0.0.1\", port 5432 failed: FATAL:  28P01: password authentication failed"
        let error = PostgreSQLFault.connectionError(words + "\nLOCATION:  auth_failed, auth.c:326\n")
        #expect(error.words == words)
        #expect(error.state == "28P01")
        #expect(
            PostgreSQLFault.connectionError("connection to server failed: Connection refused\n\tIs it?").state == nil)
        #expect(PostgreSQLFault.connectionError("").state == nil)
    }

    @Test func `Words are shown only where they cannot quote a parameter`() {
        #expect(PostgreSQLFault.reason(state: "42P01", words: "no table") == "no table (SQLSTATE 42P01)")
        #expect(PostgreSQLFault.reason(state: "P0001", words: "CP-1 is bad") == "SQLSTATE P0001")
        func shows(_ words: String, _ value: String) -> Bool {
            PostgreSQLFault.reason(state: "42P01", words: words, [[], Array("CP-1".utf8), Array(value.utf8)])
                .contains(words)
        }
        #expect(shows("permission denied for table mqtt_user", "secret-0123456789"))
        #expect(!shows(#"relation "secret" does not exist"#, "SECRET"))
        #expect(!shows(#"relation "a b" does not exist"#, #""a b""#))
        #expect(!shows(#"schema "sec" does not exist"#, "SEC.ret.x"))
        let cut = String(repeating: "x", count: 63)
        #expect(!shows(#"relation "\#(cut)" does not exist"#, String(repeating: "X", count: 99)))
    }
}

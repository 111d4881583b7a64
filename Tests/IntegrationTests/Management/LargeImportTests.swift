import NIOCore
import TestSupport
import Testing

/// management.md: nothing asked here may slow a message, nor hold up who asks whether the gateway is alive.
@Suite struct LargeImportTests {
    /// What a body of an import may have.
    private static let most = 64 * 1024 * 1024

    /// A list of users with long salts, so that a body of that length has a number of rows that can be waited for.
    private static func users() -> (body: ByteBuffer, count: Int) {
        let hash = String(repeating: "0", count: 64)
        let salt = String(repeating: "s", count: 1800)
        var body = ByteBuffer()
        body.reserveCapacity(most)
        var count = 0
        body.writeString("[")
        while true {
            let user = #"{"user_id":"CP-\#(count)","password_hash":"\#(hash)","salt":"\#(salt)"}"#
            let row = (count == 0 ? "" : ",") + user
            guard body.readableBytes + row.utf8.count < most else { break }
            body.writeString(row)
            count += 1
        }
        body.writeRepeatingByte(0x20, count: most - body.readableBytes - 1)
        body.writeString("]")
        return (body, count)
    }

    @Test func `An import of 64 MB holds up neither health nor a CALL, and another one is told to come later`()
        async throws
    {
        let settings = ["AUTHENTICATION_BACKEND": "built_in_database", "LISTENERS_WS_DEFAULT_ENABLE_AUTHN": "false"]
        try await withManagedSite(settings, weight: Slots.all) { managed in
            let management = managed.management
            let (body, count) = Self.users()
            let busy = try await BusyChargePoints.connect(20, to: managed.site)
            let connection = try await management.connect()
            try await connection.send(
                management.text(
                    "POST", "./authentication/import_users",
                    headers: ["Content-Type": "application/json", "Content-Length": "\(Self.most)"]))
            // A request has 30 s: all but its end is sent while nothing else is to do.
            var rest = body
            if let most = rest.readSlice(length: Self.most - 1) { try await connection.send(most) }
            let end = rest
            try await busy.call {
                try await connection.send(end)
                let (before, ends) = (busy.results.value, Counter())
                let importing = Task {
                    defer { ends.next() }
                    return try await connection.reply()
                }
                // What is answered while the import goes on.
                var (healthy, rounds, refusals) = (0, 0, 0)
                while ends.value == 0 {
                    let health = try await management.with(key: nil).get("/healthz")
                    #expect(health.status == 200 && health.body == "ok")
                    let other = try await management.ask(
                        "POST", "./authentication/import_users", headers: ["Content-Type": "text/csv"],
                        body: "user_id,password_hash\n")
                    guard ends.value == 0 else { break }
                    #expect(other.status == 503 && other.code == "SERVICE_UNAVAILABLE", "\(other.body)")
                    (healthy, rounds, refusals) = (healthy + 1, busy.results.value - before, refusals + 1)
                }
                let reply = try await importing.value
                #expect(reply.status == 200, "\(reply.body)")
                #expect(try reply.json["success"].int == count)
                #expect(healthy > 0 && rounds > 0 && refusals > 0, "\(healthy) \(rounds) \(refusals)")
            }
            #expect(busy.dropped.isEmpty && busy.surplus.isEmpty && busy.errors.value == 0)
            #expect(try await management.json("./authentication/users?limit=1")["meta"]["count"].int == count)
        }
    }
}

import Foundation
import NIOCore
import TestSupport
import Testing

/// management.md, "Who may ask": what one may ask for at once, and what hostile clients get.
@Suite struct ManagementBoundsTests {
    private static let megabyte = 1024 * 1024

    @Test func `A body ends at 1 MB, one of an import at 64 MB, announced or not`() async throws {
        try await withManagedSite(["AUTHENTICATION_BACKEND": "built_in_database"]) { managed in
            let management = managed.management
            let users = "./authentication/import_users?type=plain"
            let white = String(repeating: " ", count: Self.megabyte - 2) + "{}"
            #expect(try await management.ask("PUT", "/api/v5/configs", white).status == 200)
            let larger = try await management.ask("PUT", "/api/v5/configs", " " + white)
            #expect(larger.status == 413 && larger.code == "PAYLOAD_TOO_LARGE")
            // An import may be larger: the header counts, and nothing has come yet.
            for (length, path) in [
                (2_147_483_648, "/api/v5/configs"), (2_147_483_648, users), (64 * Self.megabyte + 1, users),
            ] {
                let method = path == users ? "POST" : "PUT"
                let reply = try await management.ask(
                    method, path, headers: ["Content-Length": String(length), "Content-Type": "application/json"])
                #expect(reply.status == 413 && reply.code == "PAYLOAD_TOO_LARGE", "\(length) \(path)")
                #expect(reply.headers["connection"] == "close")
            }
            // A length that nobody has said.
            let connection = try await management.connect()
            try await connection.send(
                management.text(
                    "PUT", "/api/v5/configs",
                    headers: ["Transfer-Encoding": "chunked", "Content-Type": "application/json"]))
            let chunk = "10000\r\n" + String(repeating: " ", count: 0x10000) + "\r\n"
            for _ in 0..<17 { try? await connection.send(chunk) }
            #expect(try await connection.reply().status == 413)
            try await connection.closed()
            let rows = (1...40_000).map { "CP-\($0),0123456789abcdef\($0),false" }.joined(separator: "\n")
            let csv =
                "user_id,password_hash,salt,is_superuser\n"
                + rows.replacing(",0123456789abcdef", with: ",\(String(repeating: "0", count: 64)),salt")
            #expect(csv.utf8.count > 3 * Self.megabyte)
            let imported = try await management.ask(
                "POST", "./authentication/import_users", headers: ["Content-Type": "text/csv"], body: csv)
            #expect(imported.status == 200, "\(imported.body)")
            #expect(try imported.json["success"] == 40_000)
        }
    }

    @Test func `Two gigabytes that come all the same take no memory and end soon`() async throws {
        try await withManagedSite { managed in
            let before = managed.gateway.child.residentBytes
            let connection = try await managed.management.connect()
            try await connection.send(
                managed.management.text(
                    "POST", "./authentication/import_users",
                    headers: ["Content-Length": "2147483648", "Content-Type": "text/csv"]))
            let piece = ByteBuffer(repeating: 0x20, count: Self.megabyte)
            let sent = Counter()
            while sent.value < 2048, (try? await connection.send(piece)) != nil { sent.next() }
            #expect(sent.value < 2048)
            try await connection.closed()
            #expect(managed.gateway.child.residentBytes < before + 64 * Self.megabyte)
            #expect(try await managed.management.get("/healthz").status == 200)
        }
    }

    @Test func `Headers end at 16 KB`() async throws {
        try await withManagedSite { managed in
            let long = try await managed.management.ask(
                "GET", "/healthz", headers: ["X-Long": String(repeating: "x", count: 17 * 1024)])
            #expect(long.status == 431)
            #expect(try await managed.management.get("/healthz").status == 200)
        }
    }

    @Test func `Slow senders have 64 places and 30 seconds, health is answered, and charge points notice nothing`()
        async throws
    {
        try await withManagedSite { managed in
            let chargePoint = try await managed.site.connectReady()
            let text = managed.management.text(
                "PUT", "/api/v5/configs", headers: ["Content-Length": "100", "Content-Type": "application/json"])
            // A stream on which nothing happens has one of the places.
            let quiet = try await managed.viewer.watch("./events?types=connected&clientid=CP-2")
            var senders: [HTTPConnection] = []
            for number in 1...63 {
                let sender = try await managed.management.connect()
                // Half a head, or half a body.
                try await sender.send(number % 2 == 0 ? text + "{" : String(text.prefix(40)))
                senders.append(sender)
            }
            for path in ["/healthz", "/readyz"] {
                #expect(try await managed.management.ask("GET", path).status == 200, "\(path)")
            }
            #expect(OCPPText(try await chargePoint.call("Heartbeat")).type == 3)
            for (number, sender) in zip(1..., senders) {
                // Of half a head nobody knows whose it is: it may have made room.
                let reply = try? await sender.reply()
                #expect(reply?.status == 408 || reply == nil && number % 2 == 1)
                try await sender.closed()
            }
            // What goes on for longer than a request may is not cut off, and is told that it goes on.
            for _ in 1...2 { #expect(try await quiet.next()?.comment == "ping") }
            quiet.close()
            try await eventually("a place") { (try? await managed.management.get("/healthz"))?.status == 200 }
            #expect(OCPPText(try await chargePoint.call("Heartbeat")).type == 3)
        }
    }

    @Test func `Sixteen streams, the next is 503, and one that goes makes room`() async throws {
        try await withManagedSite { managed in
            var streams: [EventReader] = []
            for _ in 1...16 { streams.append(try await managed.viewer.watch("./events?types=connected")) }
            let surplus = try await managed.viewer.get("./events")
            #expect(surplus.status == 503 && surplus.code == "SERVICE_UNAVAILABLE")
            #expect(surplus.headers["retry-after"] != nil)
            _ = try await managed.site.connectReady()
            for stream in streams { #expect(try await stream.next("connected")["cid"] == "CP-1") }
            streams[0].close()
            try await eventually("a place") {
                guard let stream = try? await managed.viewer.watch("./events") else { return false }
                stream.close()
                return true
            }
        }
    }

    @Test func `A thousand who want streams at once are answered or closed, and the rest of the work goes on`()
        async throws
    {
        try await withManagedSite { managed in
            let chargePoint = try await managed.site.connectReady()
            let text = managed.viewer.text("GET", "./events")
            let descriptors = managed.gateway.child.openDescriptors
            let (streams, refusals, closed) = (Counter(), Counter(), Counter())
            var open: [HTTPConnection] = []
            for _ in 1...1000 {
                guard let connection = try? await managed.management.connect() else { continue }
                open.append(connection)
                try? await connection.send(text)
            }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for connection in open {
                    group.addTask {
                        switch try? await connection.streamHead() {
                        case 200: streams.next()
                        case 503: refusals.next()
                        case nil: closed.next()
                        case .some(let other): throw Failure("answered with \(other)")
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(streams.value == 16)
            #expect(refusals.value > 0)
            #expect(streams.value + refusals.value + closed.value == open.count)
            #expect(managed.gateway.child.openDescriptors < descriptors + 200)
            #expect(OCPPText(try await chargePoint.call("Heartbeat")).type == 3)
            for connection in open { connection.close() }
            try await eventually("places") { (try? await managed.management.get("/healthz"))?.status == 200 }
        }
    }
}

import NIOCore
import OutsideNames

/// Who is connected: the list, one of it, and its end.
enum ClientRoutes {
    /// Sessions that are asked for their state at once.
    private static let batch = 256

    static func routes(_ operations: any GatewayOperations, _ directory: ClientDirectory) -> [Route] {
        let one = Route.gatewayPath("/clients/{clientid}")
        let unsupported: Route.Handler = { _ in
            throw APIError.badRequest("unsupported: a charge point has the one subscription of its downstream topic")
        }
        return [
            Route(.get, Route.gatewayPath("/clients"), .viewer) { request in
                try await list(operations, directory, request)
            },
            Route(.get, one, .viewer) { request in
                for entry in try await entries(request, operations, directory) {
                    guard let snapshot = await operations.snapshots(of: [entry.key]).first else { continue }
                    var writer = JSONWriter()
                    snapshot.write(to: &writer, node: operations.gatewayID)
                    return .json(200, bytes: writer.bytes)
                }
                throw await notConnected(request, operations)
            },
            Route(.delete, one, .administrator) { request in
                var kicked: [String] = []
                for entry in try await entries(request, operations, directory) where await operations.kick(entry.key) {
                    kicked.append(entry.key.session)
                }
                guard !kicked.isEmpty else { throw await notConnected(request, operations) }
                return .empty(
                    changed: "\(request.parameter("clientid")) kicked, session \(kicked.joined(separator: ", "))")
            },
            Route(.get, one + "/subscriptions", .viewer) { request in
                for entry in try await entries(request, operations, directory) {
                    guard let subscriptions = await operations.subscriptions(of: entry.key) else { continue }
                    return .json(200, .array(subscriptions.map(json)))
                }
                throw await notConnected(request, operations)
            },
            Route(.post, one + "/subscriptions", .administrator, unsupported),
            Route(.delete, one + "/subscriptions", .administrator, unsupported),
            Route(.delete, one + "/subscriptions/{topic}", .administrator, unsupported),
        ]
    }

    /// The sessions that a request means.
    /// - Throws: 404.
    static func entries(
        _ request: ManagementRequest, _ operations: any GatewayOperations, _ directory: ClientDirectory
    ) async throws -> [ClientRoster.Entry] {
        let entries = await directory.entries(
            of: ChargePointIdentity(request.parameter("clientid")), listener: request.query["listener"])
        guard !entries.isEmpty else { throw await notConnected(request, operations) }
        return entries
    }

    static func notConnected(_ request: ManagementRequest, _ operations: any GatewayOperations) async -> APIError {
        let identity = ChargePointIdentity(request.parameter("clientid"))
        let holder = await operations.holder(of: identity).map { ", claimed by \($0)" } ?? ""
        return .notFound("\(identity.text.shortened) is not connected here\(holder)")
    }

    private static func json(_ subscription: ClientSubscription) -> JSON {
        [
            "topic": .string(subscription.topic.text), "qos": .integer(subscription.qos), "nl": 0, "rap": 0, "rh": 0,
            "sub_props": [:],
        ]
    }

    private static func list(
        _ operations: any GatewayOperations, _ directory: ClientDirectory, _ request: ManagementRequest
    ) async throws -> Answer {
        let paging = try Paging(request.query)
        let filter = try ClientFilter(request.query, node: operations.gatewayID)
        if let page = await directory.recentPage(for: request.query) { return .json(200, bytes: page) }
        let startedAt = NIODeadline.now()
        let listing = await directory.listing()
        var found = listing.entries
        if !filter.fitsAll { found = await fitting(filter, found) }
        if filter.vendor != nil { found = await withVendor(filter, found, operations) }
        let keys = paging.slice(of: found).map(\.key)
        let meta = paging.meta(count: found.count)
        guard keys.count > batch else {
            var writer = JSONWriter(reserving: 1024 * (keys.count + 1))
            begin(&writer)
            for snapshot in await operations.snapshots(of: keys) {
                snapshot.write(to: &writer, node: operations.gatewayID)
            }
            end(&writer, meta)
            let page = writer.bytes
            await directory.made(page, for: request.query, revision: listing.revision, now: startedAt)
            return .json(200, bytes: page)
        }
        return .pieces(type: "application/json") { [writer = JSONWriter()] body in
            var writer = writer
            begin(&writer)
            for start in stride(from: 0, to: keys.count, by: batch) {
                let some = Array(keys[start..<min(start + batch, keys.count)])
                for snapshot in await operations.snapshots(of: some) {
                    snapshot.write(to: &writer, node: operations.gatewayID)
                }
                try await body.write(writer.takeBytes())
                await Task.yield()
            }
            end(&writer, meta)
            try await body.write(writer.takeBytes())
        }
    }

    private static func begin(_ writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("data")
        writer.beginArray()
    }

    private static func end(_ writer: inout JSONWriter, _ meta: JSON) {
        writer.endArray()
        writer.member("meta", meta)
        writer.endObject()
    }

    private static func fitting(_ filter: ClientFilter, _ entries: [ClientRoster.Entry]) async -> [ClientRoster.Entry] {
        guard !filter.excludesAll else { return [] }
        var found: [ClientRoster.Entry] = []
        for (index, entry) in entries.enumerated() {
            if filter.fits(entry) { found.append(entry) }
            // Others are to have their turn.
            if index % 2048 == 2047 { await Task.yield() }
        }
        return found
    }

    private static func withVendor(
        _ filter: ClientFilter, _ entries: [ClientRoster.Entry], _ operations: any GatewayOperations
    ) async -> [ClientRoster.Entry] {
        var found: [ClientRoster.Entry] = []
        for start in stride(from: 0, to: entries.count, by: batch) {
            let keys = entries[start..<min(start + batch, entries.count)].map(\.key)
            found += await operations.snapshots(of: keys).filter(filter.fits).map(\.entry)
            await Task.yield()
        }
        return found
    }
}

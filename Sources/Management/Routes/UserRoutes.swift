import Authentication
import NIOCore
import NIOPosix
import OutsideNames

/// The users of the built-in database.
enum UserRoutes {
    static func routes(_ operations: any GatewayOperations, _ directory: ClientDirectory) -> [Route] {
        let users = Route.gatewayPath("/authentication/users")
        let imports = Permits(1)
        return [
            Route(.get, users + "/export", .administrator, showsSecrets: true) { _ in
                let users = ByteBuffer(string: try await store(operations).export())
                var answer = Answer.pieces(type: "text/csv; charset=utf-8") { try await $0.write(users) }
                answer.changed = "nothing; all users exported, with their hashes"
                return answer
            },
            Route(.get, users, .viewer) { request in try await list(operations, request) },
            Route(.post, users, .administrator) { request in try await add(operations, request) },
            Route(.get, users + "/{uid}", .viewer) { request in
                guard let user = try await store(operations).user(try id(request)) else {
                    throw APIError.userNotFound()
                }
                return .json(200, json(user))
            },
            Route(.put, users + "/{uid}", .administrator) { request in
                try await change(operations, directory, request)
            },
            Route(.delete, users + "/{uid}", .administrator) { request in
                let id = try id(request)
                let kicks = try request.query.bool("kick") ?? false
                try await store(operations).delete(id)
                if kicks { await kick(id, operations, directory) }
                return .empty(changed: "user \(id) deleted")
            },
            Route(
                .post, Route.gatewayPath("/authentication/import_users"), .administrator, importsBody: true,
                hasOwnDeadline: true
            ) { request in
                // 64 MB are held while it lasts: one at a time.
                guard let permit = imports.take() else { throw APIError.unavailable("another import is on its way") }
                defer { withExtendedLifetime(permit) {} }
                let report = try await store(operations).add(try await UserFile(request))
                return .json(
                    200,
                    [
                        "total": .integer(report.total), "success": .integer(report.success),
                        "override": .integer(report.override), "skipped": .integer(report.skipped),
                        "failed": .integer(report.failed),
                    ], changed: "\(report.success) users imported, \(report.override) replaced")
            },
        ]
    }

    private static func store(_ operations: any GatewayOperations) async throws -> any UserStore {
        if let store = try await operations.users { return store }
        guard await operations.authenticator() != nil else { throw APIError.notFound("there is no authenticator") }
        throw APIError.badRequest("this backend keeps its users elsewhere")
    }

    private static func list(_ operations: any GatewayOperations, _ request: ManagementRequest) async throws -> Answer {
        let store = try await store(operations)
        let paging = try Paging(request.query)
        var query = UserQuery()
        query.page = paging.page
        query.limit = paging.limit
        query.like = request.query["like_user_id"]
        query.isSuperuser = try request.query.bool("is_superuser")
        let page = try await store.users(query)
        return .json(200, ["data": .array(page.users.map(json)), "meta": paging.meta(count: page.count)])
    }

    private static func add(_ operations: any GatewayOperations, _ request: ManagementRequest) async throws -> Answer {
        let store = try await store(operations)
        let body = try await request.object()
        try body.allow("user_id", "password", "is_superuser", "security_profile")
        let user = try await store.add(
            NewUser(
                StoredUser(
                    id: try checked(try body.text("user_id")),
                    isSuperuser: try body.optionalBool("is_superuser") ?? false,
                    securityProfile: try securityProfile(body)),
                password: try password(body, "password")))
        return .json(201, json(user), changed: "user \(user.id) added")
    }

    private static func change(
        _ operations: any GatewayOperations, _ directory: ClientDirectory, _ request: ManagementRequest
    ) async throws -> Answer {
        let store = try await store(operations)
        let id = try id(request)
        let kicks = try request.query.bool("kick") ?? false
        let body = try await request.object()
        try body.allow("user_id", "password", "is_superuser", "security_profile", "keep_previous")
        if let sent = try body.optionalText("user_id"), !sent.hasSameBytes(as: id.text) {
            throw APIError.badRequest("\"user_id\" cannot be changed")
        }
        // The mark that answers have in a secret's place means: as it is.
        let isUnchanged = body.value(of: "password").map { $0.isNull || $0 == .string(HiddenSecrets.mark) } ?? true
        let change = UserChange(
            password: isUnchanged ? nil : try password(body, "password"),
            keepPrevious: try body.optionalDuration("keep_previous"),
            isSuperuser: try body.optionalBool("is_superuser"),
            // Null means as it is here.
            securityProfile: try securityProfile(body).map { .some($0) })
        let user = try await store.update(id, change)
        if kicks { await kick(id, operations, directory) }
        let what = change.password == nil ? "user \(id) changed" : "user \(id) changed, with its password"
        return .json(200, json(user), changed: what)
    }

    /// Whoever is connected under this name.
    private static func kick(_ id: UserID, _ operations: any GatewayOperations, _ directory: ClientDirectory) async {
        for entry in await directory.entries() {
            let names = [entry.userName?.text, entry.identity.text]
            guard names.contains(where: { $0?.hasSameBytes(as: id.text) == true }) else { continue }
            _ = await operations.kick(entry.key)
        }
    }

    private static func json(_ user: StoredUser) -> JSON {
        var members = [
            JSON.Member("user_id", .string(user.id.text)), JSON.Member("is_superuser", .bool(user.isSuperuser)),
        ]
        if let profile = user.securityProfile { members.append(JSON.Member("security_profile", .integer(profile))) }
        return .object(members)
    }

    /// A path may hold any id; one that cannot be is not there.
    private static func id(_ request: ManagementRequest) throws -> UserID {
        let id = request.parameter("uid")
        guard (1...255).contains(id.utf8.count) else { throw APIError.userNotFound() }
        return UserID(id)
    }

    private static func checked(_ id: String) throws -> UserID {
        guard (1...255).contains(id.utf8.count) else {
            throw APIError.badRequest("Bad value for \"user_id\": expected 1 to 255 bytes")
        }
        // No path has a NUL, so that nobody could delete it again; and none of the others belongs into a log.
        guard !id.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else {
            throw APIError.badRequest("Bad value for \"user_id\": it has control characters")
        }
        return UserID(id)
    }

    private static func password(_ body: [JSON.Member], _ key: String) throws -> [UInt8] {
        let text = try body.text(key)
        guard !text.isEmpty else { throw APIError.badRequest("Bad value for \"\(key)\": it is empty") }
        guard !text.hasSameBytes(as: HiddenSecrets.mark) else {
            throw APIError.badRequest("Bad value for \"\(key)\": this is what answers show in a secret's place")
        }
        return Array(text.utf8)
    }

    private static func securityProfile(_ body: [JSON.Member]) throws -> Int? {
        guard let value = body.value(of: "security_profile"), !value.isNull else { return nil }
        guard let profile = value.integer, (1...3).contains(profile) else {
            throw APIError.badRequest("Bad value for \"security_profile\": expected 1, 2 or 3")
        }
        return profile
    }
}

extension UserFile {
    /// By itself (`text/csv`, `application/json`), or as the one file of a multipart body, whose name or type says what
    /// it is.
    fileprivate init(_ request: ManagementRequest) async throws {
        let type = request.query["type"] ?? Secret.hash.rawValue
        guard let secret = Secret(rawValue: type) else {
            throw APIError.badRequest("Bad value for \"type\": expected hash or plain")
        }
        let overrides = try request.query.bool("override") ?? false
        let only: Format?
        switch request.contentType {
        case "text/csv": only = .csv
        case "application/json": only = .json
        case "multipart/form-data": only = nil
        default: throw APIError.unsupportedType(expected: "multipart/form-data, text/csv or application/json")
        }
        let boundary = request.headers[.contentType].flatMap { MultipartBody.boundary(ofContentType: $0) } ?? ""
        let bytes = try await request.bytes()
        // It may be 64 MB: not on the thread that everybody else of management is waiting for.
        self = try await NIOThreadPool.singleton.runIfActive {
            if let only { return UserFile(bytes, only, secret, replacesExisting: overrides) }
            let file = try MultipartBody(reading: bytes, boundary: boundary)
            return UserFile(file.content, try Self.format(of: file), secret, replacesExisting: overrides)
        }
    }

    private init(_ bytes: ByteBuffer, _ format: Format, _ secret: Secret, replacesExisting: Bool) {
        self.init(
            bytes: Array(bytes.readableBytesView), format: format, secret: secret, replacesExisting: replacesExisting)
    }

    private static func format(of file: MultipartBody) throws -> Format {
        let name = file.fileName?.lowercased() ?? ""
        if name.hasSuffix(".csv") || file.contentType?.hasPrefix("text/csv") == true { return .csv }
        if name.hasSuffix(".json") || file.contentType?.hasPrefix("application/json") == true { return .json }
        throw APIError.badRequest("multipart: the file is called neither .csv nor .json")
    }
}

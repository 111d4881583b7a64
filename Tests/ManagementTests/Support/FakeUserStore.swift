import Management
import NIOCore
import OutsideNames

/// Users in memory; a hash is the password backwards.
actor FakeUserStore: UserOperations {
    private struct Row {
        var user: StoredUser
        var password: Password
        var previous: Password?
    }

    private var rows: [UserName: Row] = [:]

    func users(_ query: UserQuery) -> UserPage {
        let found = rows.values.map(\.user).sorted { $0.id < $1.id }.filter { user in
            (query.like.map { user.id.text.contains($0) } ?? true)
                && (query.isSuperuser.map { user.isSuperuser == $0 } ?? true)
        }
        return UserPage(users: Array(found.dropFirst(query.offset).prefix(query.limit)), count: found.count)
    }

    func user(_ id: UserName) -> StoredUser? { rows[id]?.user }

    func add(_ user: NewUser) throws(OperationFailure) -> StoredUser {
        guard rows[user.id] == nil else { throw .alreadyExists("there is a user \(user.id)") }
        let stored = StoredUser(id: user.id, isSuperuser: user.isSuperuser, securityProfile: user.securityProfile)
        rows[user.id] = Row(user: stored, password: user.password)
        return stored
    }

    func change(_ id: UserName, _ change: UserChange) -> StoredUser? {
        guard var row = rows[id] else { return nil }
        if let password = change.password {
            row.previous = change.keepPrevious == nil ? nil : row.password
            row.password = password
        }
        row.user.isSuperuser = change.isSuperuser ?? row.user.isSuperuser
        row.user.securityProfile = change.securityProfile ?? row.user.securityProfile
        rows[id] = row
        return row.user
    }

    func delete(_ id: UserName) -> Bool { rows.removeValue(forKey: id) != nil }

    /// CSV alone, without quotes.
    func importUsers(_ body: UserImport) throws(OperationFailure) -> UserImportResult {
        var result = UserImportResult(total: 0, success: 0, overridden: 0, skipped: 0, failed: 0)
        var fresh = rows
        for (id, secret) in try parsed(body) {
            result.total += 1
            if fresh[id] != nil {
                guard body.overrides else {
                    result.skipped += 1
                    continue
                }
                result.overridden += 1
            }
            let password = body.content == .plain ? secret : String(secret.reversed())
            fresh[id] = Row(user: StoredUser(id: id, isSuperuser: false), password: Password(Array(password.utf8)))
            result.success += 1
        }
        rows = fresh
        return result
    }

    private func parsed(_ body: UserImport) throws(OperationFailure) -> [(UserName, String)] {
        switch body.format {
        case .csv:
            var users: [(UserName, String)] = []
            for (row, line) in String(buffer: body.bytes).split(separator: "\n").dropFirst().enumerated() {
                let fields = line.split(separator: ",")
                guard fields.count >= 2 else { throw .refused("bad rows: \(row + 1)") }
                users.append((UserName(String(fields[0])), String(fields[1])))
            }
            return users
        case .json:
            guard let list = try? JSON(reading: body.bytes).elements else { throw .refused("not a list") }
            let key = body.content == .plain ? "password" : "password_hash"
            return list.compactMap { user in
                guard let id = user["user_id"]?.string, let secret = user[key]?.string else { return nil }
                return (UserName(id), secret)
            }
        }
    }

    /// Two at a time.
    func exportUsers(after last: UserName?) -> UserExportPiece {
        var bytes = ByteBuffer(string: last == nil ? "user_id,password_hash,salt,is_superuser\n" : "")
        let rest = rows.values.sorted { $0.user.id < $1.user.id }.filter { row in last.map { row.user.id > $0 } ?? true
        }
        for row in rest.prefix(2) {
            let hash = String(decoding: row.password.bytes.reversed(), as: UTF8.self)
            bytes.writeString("\(row.user.id),\(hash),,\(row.user.isSuperuser)\n")
        }
        return UserExportPiece(bytes: bytes, last: rest.count > 2 ? rest[1].user.id : nil)
    }

    func verdict(on tried: TriedCredentials) -> (status: Int, reason: String) {
        guard let row = rows[UserName(tried.identity.text)] else { return (404, "unknown identity") }
        guard let password = tried.password else { return (401, "no password") }
        return password == row.password || password == row.previous ? (101, "ok") : (401, "wrong password")
    }
}

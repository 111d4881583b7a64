import Authentication
import Management
import NIOCore
import OutsideNames

/// Users in memory; a hash is the password backwards.
actor FakeUserStore: UserStore {
    private struct Row {
        var user: StoredUser
        var password: [UInt8]
        var previous: [UInt8]?
    }

    private var rows: [UserID: Row] = [:]

    func users(_ query: UserQuery) -> UserPage {
        let found = rows.values.map(\.user).sorted { $0.id < $1.id }.filter { user in
            (query.like.map { user.id.text.contains($0) } ?? true)
                && (query.isSuperuser.map { user.isSuperuser == $0 } ?? true)
        }
        let page = found.dropFirst((query.page - 1) * query.limit).prefix(query.limit)
        return UserPage(users: Array(page), count: found.count)
    }

    func user(_ id: UserID) -> StoredUser? { rows[id]?.user }

    func add(_ user: NewUser) throws(UserStoreFailure) -> StoredUser {
        guard rows[user.user.id] == nil else { throw .exists(user.user.id) }
        rows[user.user.id] = Row(user: user.user, password: user.password)
        return user.user
    }

    func update(_ id: UserID, _ change: UserChange) throws(UserStoreFailure) -> StoredUser {
        guard var row = rows[id] else { throw .notFound(id) }
        if let password = change.password {
            row.previous = change.keepPrevious == nil ? nil : row.password
            row.password = password
        }
        row.user.isSuperuser = change.isSuperuser ?? row.user.isSuperuser
        row.user.securityProfile = change.securityProfile ?? row.user.securityProfile
        rows[id] = row
        return row.user
    }

    func delete(_ id: UserID) throws(UserStoreFailure) {
        guard rows.removeValue(forKey: id) != nil else { throw .notFound(id) }
    }

    /// CSV alone, without quotes.
    func add(_ file: UserFile) throws(UserStoreFailure) -> UserImportReport {
        var report = UserImportReport()
        var fresh = rows
        for (id, secret) in try parsed(file) {
            report.total += 1
            if fresh[id] != nil {
                guard file.replacesExisting else {
                    report.skipped += 1
                    continue
                }
                report.override += 1
            }
            let password = file.secret == .plain ? secret : String(secret.reversed())
            fresh[id] = Row(user: StoredUser(id: id), password: Array(password.utf8))
            report.success += 1
        }
        rows = fresh
        return report
    }

    private func parsed(_ file: UserFile) throws(UserStoreFailure) -> [(UserID, String)] {
        switch file.format {
        case .csv:
            var users: [(UserID, String)] = []
            let text = String(decoding: file.bytes, as: UTF8.self)
            for (row, line) in text.split(separator: "\n").dropFirst().enumerated() {
                let fields = line.split(separator: ",")
                guard fields.count >= 2 else { throw .badRows([.init(number: row + 1, reason: "too short")]) }
                users.append((UserID(String(fields[0])), String(fields[1])))
            }
            return users
        case .json:
            let list = try? JSON(reading: ByteBuffer(bytes: file.bytes)).elements
            guard let list else { throw .badFile("not a list") }
            let key = file.secret == .plain ? "password" : "password_hash"
            return list.compactMap { user in
                guard let id = user["user_id"]?.string, let secret = user[key]?.string else { return nil }
                return (UserID(id), secret)
            }
        }
    }

    func export() -> String {
        rows.values.sorted { $0.user.id < $1.user.id }.reduce(into: "user_id,password_hash,salt,is_superuser\n") {
            let hash = String(decoding: $1.password.reversed(), as: UTF8.self)
            $0 += "\($1.user.id),\(hash),,\($1.user.isSuperuser)\n"
        }
    }

    func verdict(on tried: TriedCredentials) -> (status: Int, reason: String) {
        guard let row = rows[UserID(tried.identity.text)] else { return (404, "unknown identity") }
        guard let password = tried.password?.bytes else { return (401, "no password") }
        return password == row.password || password == row.previous ? (101, "ok") : (401, "wrong password")
    }
}

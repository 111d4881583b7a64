import Authentication
import CredentialChecking
import Foundation
import GRDB
import OutsideNames

extension BuiltInDatabase {
    /// Passwords that are hashed at once.
    private static let hashesAtOnce = 64
    package func add(_ file: UserFile) async throws(UserStoreFailure) -> UserImportReport {
        let users = try await users(in: file)
        // Hashing takes its time, and the database is not held meanwhile; who is there and stays needs none.
        let present = file.replacesExisting ? [] : try await presentIDs()
        let hashes = try await hashes(of: users, file.secret, except: present)
        return try await write { database in
            var report = UserImportReport()
            report.total = users.count
            let find = try database.makeStatement(sql: "SELECT 1 FROM users WHERE user_id = ?")
            let insert = try database.makeStatement(sql: Self.insertion)
            for (index, user) in users.enumerated() {
                let isPresent = try Row.fetchOne(find, arguments: [user.user.id.utf8.bytes.blob]) != nil
                guard let hash = hashes[index], !isPresent || file.replacesExisting else {
                    report.skipped += 1
                    continue
                }
                try insert.execute(arguments: Self.insertionValues(user.user, hash))
                if isPresent { report.override += 1 } else { report.success += 1 }
            }
            return report
        }
    }

    /// A large file takes a while: not on one of Swift's own threads.
    private func users(in file: UserFile) async throws(UserStoreFailure) -> [UserRows.User] {
        let hash = configuration.hash
        let result = await threads.run {
            do throws(UserStoreFailure) {
                return Result<_, UserStoreFailure>.success(try UserRows(file, hash: hash).users)
            } catch {
                return .failure(error)
            }
        }
        guard let result else { throw .unavailable("too many passwords wait to be hashed") }
        return try result.get()
    }

    /// Adds who is missing of the configured file, if there is one (`bootstrap_file`).
    ///
    /// - Throws: It cannot be read, or is wrong: the gateway does not start then.
    package func addBootstrapUsers() async throws(UserStoreFailure) -> UserImportReport? {
        guard let bootstrap = configuration.bootstrap else { return nil }
        let file = try bootstrap.file()
        do {
            return try await add(file)
        } catch .badFile(let reason) {
            throw .badFile("\(bootstrap.path): \(reason)")
        }
    }

    private func presentIDs() async throws(UserStoreFailure) -> Set<[UInt8]> {
        try await read { database in
            Set(try Data.fetchAll(database, sql: "SELECT user_id FROM users").map { [UInt8]($0) })
        }
    }

    /// By the index of the user. The first fault is told with its row.
    private func hashes(
        of users: [UserRows.User], _ secret: UserFile.Secret, except present: Set<[UInt8]>
    ) async throws(UserStoreFailure) -> [Int: HashedPassword] {
        let wanted = users.indices.filter { !present.contains(users[$0].user.id.utf8.bytes) }
        guard secret == .plain else {
            return Dictionary(
                uniqueKeysWithValues: wanted.map { ($0, HashedPassword(hash: users[$0].secret, salt: users[$0].salt)) })
        }
        let made = await withTaskGroup(of: MadeHash.self) { group in
            var made: [MadeHash] = []
            var rest = wanted.dropFirst(Self.hashesAtOnce)
            for index in wanted.prefix(Self.hashesAtOnce) {
                group.addTask { await self.hash(of: users[index].secret, at: index) }
            }
            for await one in group {
                made.append(one)
                guard let index = rest.popFirst() else { continue }
                group.addTask { await self.hash(of: users[index].secret, at: index) }
            }
            return made
        }
        var hashes: [Int: HashedPassword] = [:]
        var faults: [UserStoreFailure.Row] = []
        for one in made {
            switch one.result {
            case .success(let hash): hashes[one.index] = hash
            case .failure(let failure): faults.append(.init(number: one.index + 1, reason: failure.description))
            }
        }
        guard faults.isEmpty else {
            throw .badRows(Array(faults.sorted { $0.number < $1.number }.prefix(10)))
        }
        return hashes
    }

    private struct MadeHash: Sendable {
        /// Of the user in the file.
        var index: Int
        var result: Result<HashedPassword, UserStoreFailure>
    }

    /// The result has a line of its own: in `return (index, .success(try await hashed(secret)))`, in a closure of a task
    /// group, optimized code of Swift 6.3.1 took `index` for 0, and gave one user the password of another.
    private func hash(of secret: [UInt8], at index: Int) async -> MadeHash {
        let result: Result<HashedPassword, UserStoreFailure>
        do throws(UserStoreFailure) {
            result = .success(try await hashed(secret))
        } catch {
            result = .failure(error)
        }
        return MadeHash(index: index, result: result)
    }
}

import Authentication
import Management
import NIOCore
import OutsideNames

/// The users that an authenticator keeps, as management asks for them.
struct ManagedUsers: UserOperations {
    private let store: any UserStore

    init(_ store: any UserStore) {
        self.store = store
    }

    func users(_ query: Management.UserQuery) async throws(OperationFailure) -> Management.UserPage {
        guard query.limit > 0 else { return Management.UserPage(users: [], count: 0) }
        var wanted = Authentication.UserQuery()
        wanted.page = query.offset / query.limit + 1
        wanted.limit = query.limit
        wanted.like = query.like
        wanted.isSuperuser = query.isSuperuser
        do throws(UserStoreFailure) {
            let page = try await store.users(wanted)
            return Management.UserPage(users: page.users.map { Management.StoredUser($0) }, count: page.count)
        } catch {
            throw OperationFailure(error)
        }
    }

    func user(_ id: UserName) async throws(OperationFailure) -> Management.StoredUser? {
        do throws(UserStoreFailure) {
            return try await store.user(UserID(id.text)).map { Management.StoredUser($0) }
        } catch {
            throw OperationFailure(error)
        }
    }

    func add(_ user: Management.NewUser) async throws(OperationFailure) -> Management.StoredUser {
        let stored = Authentication.StoredUser(
            id: UserID(user.id.text), isSuperuser: user.isSuperuser, securityProfile: user.securityProfile)
        do throws(UserStoreFailure) {
            return Management.StoredUser(
                try await store.add(Authentication.NewUser(stored, password: user.password.bytes)))
        } catch {
            throw OperationFailure(error)
        }
    }

    func change(
        _ id: UserName, _ change: Management.UserChange
    ) async throws(OperationFailure) -> Management.StoredUser? {
        let wanted = Authentication.UserChange(
            password: change.password?.bytes, keepPrevious: change.keepPrevious, isSuperuser: change.isSuperuser,
            securityProfile: change.securityProfile.map { .some($0) })
        do throws(UserStoreFailure) {
            return Management.StoredUser(try await store.update(UserID(id.text), wanted))
        } catch {
            if case .notFound = error { return nil }
            throw OperationFailure(error)
        }
    }

    func delete(_ id: UserName) async throws(OperationFailure) -> Bool {
        do throws(UserStoreFailure) {
            try await store.delete(UserID(id.text))
            return true
        } catch {
            if case .notFound = error { return false }
            throw OperationFailure(error)
        }
    }

    func importUsers(_ body: UserImport) async throws(OperationFailure) -> UserImportResult {
        let file = UserFile(
            bytes: Array(body.bytes.readableBytesView), format: body.format == .csv ? .csv : .json,
            secret: body.content == .hash ? .hash : .plain, replacesExisting: body.overrides)
        do throws(UserStoreFailure) {
            let report = try await store.add(file)
            return UserImportResult(
                total: report.total, success: report.success, overridden: report.override, skipped: report.skipped,
                failed: report.failed)
        } catch {
            throw OperationFailure(error)
        }
    }

    /// All in one piece, as the store gives it.
    func exportUsers(after last: UserName?) async throws(OperationFailure) -> UserExportPiece {
        guard last == nil else { return UserExportPiece(bytes: ByteBuffer(), last: nil) }
        do throws(UserStoreFailure) {
            return UserExportPiece(bytes: ByteBuffer(string: try await store.export()), last: nil)
        } catch {
            throw OperationFailure(error)
        }
    }
}

extension Management.StoredUser {
    init(_ user: Authentication.StoredUser) {
        self.init(
            id: UserName(user.id.text), isSuperuser: user.isSuperuser, securityProfile: user.securityProfile)
    }
}

extension OperationFailure {
    init(_ failure: UserStoreFailure) {
        self =
            switch failure {
            case .exists: .alreadyExists(failure.description)
            case .notFound: .notFound(failure.description)
            case .invalid, .badFile, .badRows: .refused(failure.description)
            case .unavailable: .unavailable(failure.description)
            }
    }
}

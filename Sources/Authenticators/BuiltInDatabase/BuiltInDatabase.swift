import Authentication
import CredentialChecking
import Dispatch
import Foundation
import GRDB

/// Users in an SQLite file of the gateway's own: `data_dir`/users.sqlite3. Another process may change it at the same time
/// (`ocpp-gateway users`), and every handshake reads what is there by then.
package final class BuiltInDatabase: Sendable {
    package static let fileName = "users.sqlite3"

    let configuration: BuiltInDatabaseConfiguration
    let pool: DatabasePool
    let threads: HashingThreads
    /// Milliseconds since 1970.
    let wallClock: @Sendable () -> Int64

    /// Opens the file, and makes it where it is missing: mode 0600, in a directory of mode 0700.
    ///
    /// - Throws: It cannot be used; with this backend the gateway does not start then.
    package init(
        _ configuration: BuiltInDatabaseConfiguration, threads: HashingThreads = .shared,
        wallClock: @escaping @Sendable () -> Int64 = { Int64(Date().timeIntervalSince1970 * 1000) }
    ) throws(UserStoreFailure) {
        self.configuration = configuration
        self.threads = threads
        self.wallClock = wallClock
        let path = configuration.directory + "/" + Self.fileName
        try Self.makeFile(path, in: configuration.directory)
        do {
            var settings = Configuration()
            // Another process may be writing.
            settings.busyMode = .timeout(5)
            settings.maximumReaderCount = max(1, configuration.poolSize)
            // A queue of a higher class asks for a priority that a service may not have, and libdispatch writes a line
            // into the journal each time.
            settings.qos = .default
            pool = try DatabasePool(path: path, configuration: settings)
            try Self.migrator.migrate(pool)
            // A password that a charge point has been told must not be forgotten with the power.
            try pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = FULL") }
        } catch {
            throw .unavailable("\(path): \(Self.words(of: error))")
        }
    }

    private static func makeFile(_ path: String, in directory: String) throws(UserStoreFailure) {
        do {
            try FileManager.default.createDirectory(
                atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw .unavailable("\(directory): the directory cannot be made")
        }
        // SQLite gives its other two files the mode of this one. One that is there is not opened: it may be open in this
        // process already, and closing any descriptor of it would let go of all the locks that SQLite has on it.
        let descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        if descriptor >= 0 { close(descriptor) }
        guard descriptor >= 0 || errno == EEXIST && isFile(path), chmod(path, 0o600) == 0 else {
            throw .unavailable("\(path): \(String(cString: strerror(errno)))")
        }
    }

    /// Sets `errno` where it is none.
    private static func isFile(_ path: String) -> Bool {
        var status = stat()
        guard stat(path, &status) == 0 else { return false }
        errno = EISDIR
        return status.st_mode & S_IFMT == S_IFREG
    }

    /// Names are BLOBs: SQLite compares and orders these by their bytes. STRICT, so that whoever writes by hand cannot
    /// put in what is not read as what it should be.
    private static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("users") { database in
            try database.execute(
                sql: """
                    CREATE TABLE users (
                        user_id BLOB NOT NULL PRIMARY KEY,
                        password_hash BLOB NOT NULL,
                        salt BLOB NOT NULL,
                        is_superuser INTEGER NOT NULL DEFAULT 0,
                        security_profile INTEGER CHECK (security_profile IN (1, 2, 3)),
                        previous_hash BLOB,
                        previous_salt BLOB,
                        previous_until INTEGER
                    ) STRICT, WITHOUT ROWID;
                    CREATE TABLE changes (count INTEGER NOT NULL) STRICT;
                    INSERT INTO changes VALUES (0);
                    CREATE TRIGGER added AFTER INSERT ON users BEGIN UPDATE changes SET count = count + 1; END;
                    CREATE TRIGGER changed AFTER UPDATE ON users BEGIN UPDATE changes SET count = count + 1; END;
                    CREATE TRIGGER deleted AFTER DELETE ON users BEGIN UPDATE changes SET count = count + 1; END;
                    """)
        }
        return migrator
    }

    /// SQLite's own, without the statement and its values.
    static func words(of error: any Error) -> String {
        guard let error = error as? DatabaseError else { return "internal failure" }
        return error.message ?? error.resultCode.description
    }
}

import CredentialChecking
import Settings

extension PostgreSQLConfiguration {
    /// The section of `backend: postgresql`; what all backends have in common is set by whoever reads it.
    package init(_ read: inout SettingsReader) {
        self.init(database: "", userName: "")
        server =
            read.optional(
                "authentication.server", .text,
                help: "host:port, several with commas; default 127.0.0.1 and the backend's port") ?? server
        database =
            read.required(
                "authentication.database", .text, help: "mysql, postgresql, mongodb: its name; redis: its number") ?? ""
        query = read(
            "authentication.query", .text, default: query, help: "mysql, postgresql: finds the rows of a charge point")
        disablesPreparedStatements = read(
            "authentication.disable_prepared_statements", .boolean, default: disablesPreparedStatements,
            help: "postgresql: for PgBouncer")
        for key in ["auto_reconnect", "pool_type"] {
            read.ignored("authentication.\(key)", because: "connections are opened again as needed")
        }
        read.check { () throws(BackendProblem) in try BackendServers(server, defaultPort: 5432) }
        read.check { () throws(BackendProblem) in
            try SQLTemplate(query: query, dialect: .postgreSQL)
        }
    }
}

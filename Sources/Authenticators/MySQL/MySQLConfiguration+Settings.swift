import CredentialChecking
import Settings

extension MySQLConfiguration {
    /// The section of `backend: mysql`; what all backends have in common is set by whoever reads it.
    package init(_ read: inout SettingsReader) {
        self.init(database: "")
        server =
            read.optional(
                "authentication.server", .text,
                help: "host:port, several with commas; default 127.0.0.1 and the backend's port") ?? server
        database =
            read.required(
                "authentication.database", .text, help: "mysql, postgresql, mongodb: its name; redis: its number") ?? ""
        query = read(
            "authentication.query", .text, default: query, help: "mysql, postgresql: finds the rows of a charge point")
        if !read.layers.isEmpty, ExactNames.areInDoubt(in: query) {
            read.warn(
                "authentication.query",
                "names are compared as the column's collation does, and most of them take cp1 and CP1 for one name: "
                    + "compare a column with the placeholder and nothing else, or say BINARY or COLLATE")
        }
        for key in ["auto_reconnect", "pool_type"] {
            read.ignored("authentication.\(key)", because: "connections are opened again as needed")
        }
        read.check { () throws(BackendProblem) in try BackendServers(server, defaultPort: 3306) }
        read.check { () throws(BackendProblem) in
            try SQLTemplate(query: ExactNames.requiring(in: query), dialect: .mySQL)
        }
    }
}

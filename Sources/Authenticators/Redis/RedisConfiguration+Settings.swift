import CredentialChecking
import Settings

extension RedisConfiguration {
    /// The section of `backend: redis`; what all backends have in common is set by whoever reads it.
    package init(_ read: inout SettingsReader) {
        self.init()
        let type = read(
            "authentication.redis_type", .choice(["single": 0, "sentinel": 1, "cluster": 2]), default: 0,
            help: "redis: one server, sentinels that know the master, or a cluster")
        server =
            read.optional(
                "authentication.server", .text,
                help: "host:port, several with commas; default 127.0.0.1 and the backend's port") ?? server
        if let servers = read.optional("authentication.servers", .text, help: "redis, mongodb: the same as server") {
            if read.isSet("authentication.server") {
                read.problem("authentication.servers", "expected authentication.server or this, not both")
            }
            server = servers
        }
        database = read(
            "authentication.database", .integer(0...65_535), default: database,
            help: "mysql, postgresql, mongodb: its name; redis: its number")
        let master = read.optional("authentication.sentinel", .text, help: "redis: the master's name at the sentinels")
        let user = read.optional("authentication.sentinel_username", .text, help: "redis: our user at the sentinels")
        let password = read.secret("authentication.sentinel_password", help: "redis: our password at the sentinels")
        switch type {
        case 1: topology = .sentinel(master: master ?? "", userName: user, password: password?.text)
        case 2: topology = .cluster
        default: topology = .single
        }
        if type != 1 {
            for key in ["sentinel", "sentinel_username", "sentinel_password"] where read.isSet("authentication.\(key)")
            {
                read.problem("authentication.\(key)", "expected redis_type: sentinel with it")
            }
        }
        command = read(
            "authentication.cmd", .text, default: command, help: "redis: HGET or HMGET that finds a charge point")
        for key in ["auto_reconnect", "pool_type"] {
            read.ignored("authentication.\(key)", because: "connections are opened again as needed")
        }
        let key = read.isSet("authentication.servers") ? "servers" : "server"
        read.check { () throws(BackendProblem) in try BackendServers(server, key: key, defaultPort: 6379) }
        read.check { () throws(BackendProblem) in
            try RedisCommandTemplate(command)
        }
    }
}

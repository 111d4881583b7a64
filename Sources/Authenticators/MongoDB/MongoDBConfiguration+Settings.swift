import CredentialChecking
import Settings

extension MongoDBConfiguration {
    /// The section of `backend: mongodb`; what all backends have in common is set by whoever reads it.
    package init(_ read: inout SettingsReader) {
        self.init(database: "", collection: "")
        let type = read(
            "authentication.mongo_type", .choice(["single": 0, "rs": 1, "sharded": 2]), default: 0,
            help: "mongodb: one server, a replica set, or shards")
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
        readsServiceRecord = read(
            "authentication.srv_record", .boolean, default: readsServiceRecord,
            help: "mongodb: the servers are looked up in DNS")
        let name = read.optional("authentication.replica_set_name", .text, help: "mongodb: with mongo_type rs")
        mayAskSecondaries = read(
            "authentication.r_mode", .choice(["master": false, "slave_ok": true]), default: mayAskSecondaries,
            help: "mongodb: whether secondaries may be asked")
        database =
            read.required(
                "authentication.database", .text, help: "mysql, postgresql, mongodb: its name; redis: its number") ?? ""
        authenticationSource = read.optional(
            "authentication.auth_source", .text, help: "mongodb: the database that knows our user")
        collection = read.required("authentication.collection", .text, help: "mongodb: where charge points are") ?? ""
        filter = read(
            "authentication.filter", .jsonDocument, default: filter, help: "mongodb: finds a charge point's document")
        hashField = read(
            "authentication.password_hash_field", .text, default: hashField, help: "mongodb: the hash's field")
        saltField = read("authentication.salt_field", .text, default: saltField, help: "mongodb: the salt's field")
        superuserField = read(
            "authentication.is_superuser_field", .text, default: superuserField,
            help: "mongodb: is read, without effect")
        switch type {
        case 1: topology = .replicaSet(name: name ?? "")
        case 2: topology = .sharded
        default: topology = .single
        }
        if type != 1, name != nil {
            read.problem("authentication.replica_set_name", "means nothing without mongo_type: rs")
        }
        if let name = read["authentication.ssl.server_name_indication"], name.text.lowercased() == "disable" {
            read.warn(name.key, "libmongoc sends the server's name all the same: this turns off its check alone")
        }
        for key in ["auto_reconnect", "pool_type", "w_mode", "use_legacy_protocol"] {
            read.ignored("authentication.\(key)", because: "the gateway needs no such setting")
        }
        read.ignored(below: "authentication.topology", because: "libmongoc finds out how its servers belong together")
        let key = read.isSet("authentication.servers") ? "servers" : "server"
        read.check { () throws(BackendProblem) in try BackendServers(server, key: key, defaultPort: 27017) }
        read.check { () throws(BackendProblem) in try MongoDBFilter(filter) }
    }
}

extension SettingSyntax where Value == String {
    /// A map in a file, JSON in the environment; kept as JSON.
    fileprivate static var jsonDocument: Self {
        Self(
            .map, format: { $0 },
            parse: { (value: SettingsValue) throws(SettingFlaw) in
                switch value {
                case .map: return value.json
                case .text(let text), .plain(let text):
                    guard case .map = try SettingsValue(json: text) else { throw SettingFlaw("expected a JSON object") }
                    return text
                case .list, .null: throw SettingFlaw("expected a JSON object")
                }
            })
    }
}

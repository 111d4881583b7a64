import CredentialChecking

/// What an error of Redis' means for us.
enum RedisFault {
    /// - Parameter isLogin: the connection is being made.
    static func fault(_ words: String, isLogin: Bool = false) -> ConnectionFault {
        switch words.prefix(while: { $0 != " " }) {
        // It loads its data, has lost its master, is being asked to do too much, or is no longer who it was.
        case "LOADING", "MASTERDOWN", "READONLY", "CLUSTERDOWN", "TRYAGAIN", "BUSY", "NOREPLICAS", "MOVED", "ASK":
            return .lost(shown(words))
        default:
            if words.hasPrefix("ERR max number of clients reached") { return .lost(words) }
            return .nonsense(shown(words), isUsable: !isLogin)
        }
    }

    /// Up to the first quotation mark: behind it an error repeats the command, with the key.
    private static func shown(_ words: String) -> String {
        let shown = words.prefix(256).prefix { !"'`\"".contains($0) }
        return shown.last == " " ? String(shown.dropLast()) : String(shown)
    }
}

/// Where another node of a cluster is to be asked: `MOVED 3999 127.0.0.1:6381`.
struct RedisRedirection: Equatable {
    let slot: Int
    let server: BackendServers.Server
    /// This once only, after ASKING: the slot is on its way to another node.
    let isAsk: Bool

    /// - Parameter server: who has said so; an address without a host means its.
    init?(_ words: String, from server: BackendServers.Server) {
        let parts = words.split(separator: " ", omittingEmptySubsequences: true)
        guard parts.count >= 3, parts[0] == "MOVED" || parts[0] == "ASK", let slot = Int(parts[1]),
            (0..<RedisSlots.count).contains(slot), let colon = parts[2].lastIndex(of: ":"),
            let port = Int(parts[2][parts[2].index(after: colon)...]), (1...65_535).contains(port)
        else { return nil }
        let host = String(parts[2][..<colon])
        self.slot = slot
        self.server = BackendServers.Server(host: host.isEmpty ? server.host : host, port: port)
        isAsk = parts[0] == "ASK"
    }
}

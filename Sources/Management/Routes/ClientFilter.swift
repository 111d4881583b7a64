import OutsideNames

/// The filters of `GET …/clients`, all of which must fit.
struct ClientFilter: Sendable {
    private var identity: String?
    private var userName: String?
    private var address: String?
    private var version: String?
    private var identityPart: String?
    private var userNamePart: String?
    private var listener: String?
    /// Lies in the session's state, not in the roster.
    private(set) var vendor: String?
    private var notBefore: Timestamp?
    private var notAfter: Timestamp?
    /// Nobody fits: another node, or a state that nobody in the list is in.
    private(set) var excludesAll = false

    init(_ query: QueryParameters, node: String) throws(APIError) {
        identity = query["clientid"]
        userName = query["username"]
        address = query["ip_address"]
        version = query["proto_ver"]
        identityPart = query["like_clientid"]
        userNamePart = query["like_username"]
        listener = query["listener"]
        vendor = query["vendor"]
        // A session is connected when it is created.
        notBefore = [try query.time("gte_connected_at"), try query.time("gte_created_at")].compactMap { $0 }.max()
        notAfter = [try query.time("lte_connected_at"), try query.time("lte_created_at")].compactMap { $0 }.min()
        switch query["conn_state"] {
        case nil, "connected": break
        case "idle", "disconnected": excludesAll = true
        default: throw .badRequest("Bad value for \"conn_state\": expected connected, idle or disconnected")
        }
        if let wanted = query["node"], !wanted.hasSameBytes(as: node) { excludesAll = true }
    }

    var fitsAll: Bool {
        !excludesAll && vendor == nil && notBefore == nil && notAfter == nil
            && [identity, userName, address, version, identityPart, userNamePart, listener].allSatisfy { $0 == nil }
    }

    func fits(_ entry: ClientRoster.Entry) -> Bool {
        let user = entry.userName?.text
        return !excludesAll
            && isSame(identity, entry.identity.text) && isSame(userName, user) && isSame(address, entry.address)
            && isSame(version, entry.version) && isSame(listener, entry.listener.description)
            && isPart(identityPart, of: entry.identity.text) && isPart(userNamePart, of: user)
            && (notBefore.map { entry.connectedAt >= $0 } ?? true) && (notAfter.map { entry.connectedAt <= $0 } ?? true)
    }

    func fits(_ snapshot: ClientSnapshot) -> Bool {
        isSame(vendor, snapshot.boot?.vendor)
    }

    private func isSame(_ wanted: String?, _ text: String?) -> Bool {
        guard let wanted else { return true }
        return text?.hasSameBytes(as: wanted) ?? false
    }

    /// By bytes: a part of a name is one as it was sent.
    private func isPart(_ wanted: String?, of text: String?) -> Bool {
        guard let wanted, !wanted.isEmpty else { return true }
        guard let text else { return false }
        let part = Array(wanted.utf8)
        var rest = text.utf8[...]
        while rest.count >= part.count {
            if rest.starts(with: part) { return true }
            rest.removeFirst()
        }
        return false
    }
}

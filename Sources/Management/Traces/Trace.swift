import OutsideNames

/// One of EMQX's log traces: what is said about one charge point or address, kept in a file.
struct Trace: Sendable, Equatable {
    enum Status: String, Sendable {
        case waiting, running, stopped
    }

    static let largestFile = 100 * 1024 * 1024
    static let most = 30

    /// The name of its files too: letters, digits, `-` and `_`.
    var name: String
    var subject: TraceSubject
    var form: TraceForm
    var startsAt: Timestamp
    var endsAt: Timestamp
    /// By hand, or because its file is full.
    var isStopped = false

    func status(at now: Timestamp) -> Status {
        if isStopped || now >= endsAt { return .stopped }
        return now < startsAt ? .waiting : .running
    }

    /// - Throws: 400.
    init(reading members: [JSON.Member], now: Timestamp) throws {
        name = try members.text("name")
        guard Self.isName(name) else {
            throw APIError.badRequest("Bad value for \"name\": expected 1 to 64 letters, digits, - and _")
        }
        subject = try Self.subject(members)
        let form = try members.optionalText("formatter") ?? "text"
        guard let form = TraceForm(rawValue: form) else {
            throw APIError.badRequest("Bad value for \"formatter\": expected text or json")
        }
        self.form = form
        startsAt = try Self.time(members, "start_at") ?? now
        let day = Timestamp(millisecondsSince1970: startsAt.millisecondsSince1970 + 86_400_000)
        endsAt = try Self.time(members, "end_at") ?? day
        guard endsAt > startsAt, endsAt > now else {
            throw APIError.badRequest("Bad value for \"end_at\": it is over before it begins")
        }
    }

    static func isName(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.allSatisfy { ($0.isASCII && ($0.isLetter || $0.isNumber)) || $0 == "-" || $0 == "_" }
    }

    private static func subject(_ members: [JSON.Member]) throws -> TraceSubject {
        switch try members.text("type") {
        case "clientid":
            let identity = try members.text("clientid")
            guard (1...255).contains(identity.utf8.count) else {
                throw APIError.badRequest("Bad value for \"clientid\": expected 1 to 255 bytes")
            }
            return .client(ChargePointIdentity(identity))
        case "ip_address":
            let address = try members.text("ip_address")
            guard (2...45).contains(address.utf8.count), address.allSatisfy({ $0.isHexDigit || ".:".contains($0) })
            else { throw APIError.badRequest("Bad value for \"ip_address\": expected an address") }
            return .address(address)
        default: throw APIError.badRequest("Bad value for \"type\": expected clientid or ip_address")
        }
    }

    /// RFC 3339, or as EMQX takes it too, seconds since 1970.
    private static func time(_ members: [JSON.Member], _ key: String) throws -> Timestamp? {
        guard let value = members.value(of: key), !value.isNull else { return nil }
        switch value {
        case .number:
            if let seconds = value.integer, (0...253_402_300_799).contains(seconds) {
                return Timestamp(millisecondsSince1970: Int64(seconds) * 1000)
            }
        case .string(let text):
            if let time = Timestamp(text) { return time }
        default: break
        }
        throw APIError.badRequest("Bad value for \"\(key)\": expected a time in RFC 3339")
    }

    /// As it is kept beside its file.
    var json: JSON {
        var members: [JSON.Member] = [JSON.Member("name", .string(name))]
        switch subject {
        case .client(let identity):
            members += [JSON.Member("type", "clientid"), JSON.Member("clientid", .string(identity.text))]
        case .address(let address):
            members += [JSON.Member("type", "ip_address"), JSON.Member("ip_address", .string(address))]
        }
        members += [
            JSON.Member("formatter", .string(form.rawValue)), JSON.Member("start_at", .string(startsAt.text)),
            JSON.Member("end_at", .string(endsAt.text)),
        ]
        return .object(members)
    }

    /// In EMQX's form.
    func json(at now: Timestamp, node: String, size: Int) -> JSON {
        var members = json.members ?? []
        members.append(JSON.Member("status", .string(status(at: now).rawValue)))
        members.append(JSON.Member("log_size", .object([JSON.Member(node, .integer(size))])))
        return .object(members)
    }
}

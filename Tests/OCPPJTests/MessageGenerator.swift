import ReferenceJSON

/// Writes random OCPP-J frames and relay messages: mostly right, with all liberties that the formats allow, and wrong in
/// one part or another now and then.
struct MessageGenerator {
    var json: JSONTextGenerator
    let types: ClosedRange<Int>

    init(seed: UInt64, types: ClosedRange<Int> = 2...4) {
        self.types = types
        json = JSONTextGenerator(seed: seed)
    }

    mutating func frame() -> [UInt8] {
        let type = type()
        var elements = [type, mostly { $0.uniqueID() }]
        switch type {
        case Array("3".utf8): elements.append(mostly { $0.payload() })
        case Array("4".utf8), Array("5".utf8):
            elements += [mostly { $0.json.string() }, mostly { $0.json.string() }]
            if !once(in: 4) { elements.append(mostly { $0.payload() }) }
        default: elements += [mostly { $0.action() }, mostly { $0.payload() }]
        }
        if once(in: 30) { elements.removeLast() }
        if once(in: 30) { elements.append(json.value()) }
        return joined(elements, open: "[", close: "]")
    }

    mutating func relay() -> [UInt8] {
        let type = type()
        var members = [member("MessageTypeId", type), member("UniqueId", mostly { $0.uniqueID() })]
        switch type {
        case Array("3".utf8): members.append(member("Payload", mostly { $0.payload() }))
        case Array("4".utf8), Array("5".utf8):
            members.append(member("ErrorCode", mostly { $0.json.string() }))
            if !once(in: 4) { members.append(member("ErrorDescription", mostly { $0.json.string() })) }
            if !once(in: 4) { members.append(member("ErrorDetails", mostly { $0.payload() })) }
        default:
            members.append(member("Action", mostly { $0.action() }))
            members.append(member("Payload", mostly { $0.payload() }))
        }
        if once(in: 30) { members.remove(at: json.random.below(members.count)) }
        if once(in: 30) { members.append(json.random.pick(members)) }
        while once(in: 3) {
            let place = json.random.below(members.count + 1)
            members.insert(json.string() + Array(":".utf8) + json.value(), at: place)
        }
        if once(in: 2) { members.swapAt(json.random.below(members.count), json.random.below(members.count)) }
        return joined(members, open: "{", close: "}")
    }

    mutating func once(in times: Int) -> Bool {
        json.random.once(in: times)
    }

    /// The right part, or, seldom, any value at all.
    private mutating func mostly(_ right: (inout Self) -> [UInt8]) -> [UInt8] {
        once(in: 40) ? json.value() : right(&self)
    }

    private mutating func type() -> [UInt8] {
        if !once(in: 20) { return Array("\(types.lowerBound + json.random.below(types.count))".utf8) }
        return Array(
            json.random.pick(["0", "1", "5", "6", "-2", "2.0", "2e0", "22222222222222222222222", "\"2\""]).utf8)
    }

    private mutating func uniqueID() -> [UInt8] {
        switch json.random.below(12) {
        case 0: return json.string()
        case 1: return quoted(String(repeating: "é", count: 30 + json.random.below(10)))
        case 2: return quoted(String(repeating: "x", count: 250 + json.random.below(10)))
        case 3: return quoted(escaped("19-\(json.random.below(1000))"))
        default: return quoted("\(json.random.next())")
        }
    }

    private mutating func action() -> [UInt8] {
        switch json.random.below(20) {
        case 0: return json.string()
        case 1: return quoted(String(repeating: "a", count: 45 + json.random.below(10)))
        case 2: return quoted(escaped("Heartbeat"))
        default: return quoted(json.random.pick(["Heartbeat", "MeterValues", "BootNotification", "A", "Reset2"]))
        }
    }

    private mutating func payload() -> [UInt8] {
        if once(in: 12) { return Array("null".utf8) }
        guard once(in: 60) else { return json.object() }
        let levels = 60 + json.random.below(6)
        return Array(
            (String(repeating: "{\"a\":", count: levels) + "1" + String(repeating: "}", count: levels)).utf8)
    }

    private mutating func member(_ key: String, _ value: [UInt8]) -> [UInt8] {
        let written = once(in: 10) ? escaped(key) : key
        return quoted(written) + json.whitespaceText() + Array(":".utf8) + json.whitespaceText() + value
    }

    /// Some of the characters as escapes.
    private mutating func escaped(_ text: String) -> String {
        var written = ""
        for scalar in text.unicodeScalars {
            let digits = String(scalar.value, radix: 16, uppercase: once(in: 2))
            written += once(in: 3) ? "\\u" + String(repeating: "0", count: 4 - digits.count) + digits : String(scalar)
        }
        return written
    }

    private func quoted(_ content: String) -> [UInt8] {
        Array("\"\(content)\"".utf8)
    }

    private mutating func joined(_ parts: [[UInt8]], open: String, close: String) -> [UInt8] {
        var text = json.whitespaceText() + Array(open.utf8)
        for (index, part) in parts.enumerated() {
            if index > 0 { text += Array(",".utf8) }
            text += json.whitespaceText() + part + json.whitespaceText()
        }
        return text + Array(close.utf8) + json.whitespaceText()
    }
}

import JSONText
import NIOCore

// OCPP 2.x sets the heartbeat interval as a variable, `OCPPCommCtrlr.HeartbeatInterval` (2.0.1, part 2, B05 and the
// list of referenced variables).
extension OCPPMessage {
    /// The heartbeat interval, in seconds, that a SetVariables asks for; nil for any other CALL, and where the value is
    /// no whole number over 0.
    var heartbeatIntervalOfSetVariables: Double? {
        guard case .call("SetVariables", let payload?) = body else { return nil }
        return heartbeatVariable(in: payload, list: "setVariableData") { item in
            // Other attributes of the variable, such as its greatest value, change nothing.
            guard item.attributeType.map({ $0.hasSameBytes(as: "Actual") }) ?? true else { return nil }
            return item.attributeValue.flatMap { UInt64($0) }.flatMap { $0 >= 1 ? Double($0) : nil }
        }
    }

    /// Whether this is the answer to a SetVariables that says that the new heartbeat interval holds now.
    package var acceptsHeartbeatVariable: Bool {
        guard case .callResult(let payload?) = body else { return false }
        return heartbeatVariable(in: payload, list: "setVariableResult") { item in
            guard item.attributeType.map({ $0.hasSameBytes(as: "Actual") }) ?? true else { return nil }
            return item.attributeStatus.map { $0.hasSameBytes(as: "Accepted") }
        } ?? false
    }

    /// What the list says last of the variable.
    private func heartbeatVariable<Value>(
        in payload: Range<Int>, list: StaticString, _ read: (VariableItem) -> Value?
    ) -> Value? {
        text.withUnsafeReadableBytes { bytes in
            var last: Value?
            let payload = UnsafeRawBufferPointer(rebasing: bytes[payload])
            try? JSONScanner.forEachMember(of: payload) { key, value in
                guard value.kind == .array, key.hasText(list, in: payload) else { return }
                let items = UnsafeRawBufferPointer(rebasing: payload[value.range])
                try? JSONScanner.forEachElement(of: items) { element in
                    guard element.kind == .object else { return }
                    let item = VariableItem(UnsafeRawBufferPointer(rebasing: items[element.range]))
                    guard item.isHeartbeatInterval, let value = read(item) else { return }
                    last = value
                }
            }
            return last
        }
    }
}

/// An element of SetVariables, or of its answer; what has another type than it should have is nil.
private struct VariableItem {
    /// Longest name or value that is looked at, in bytes, escapes included: all that matter are shorter.
    private static let longest = 300

    private var component: String?
    private var variable: String?
    private(set) var attributeType: String?
    private(set) var attributeValue: String?
    private(set) var attributeStatus: String?

    init(_ bytes: UnsafeRawBufferPointer) {
        try? JSONScanner.forEachMember(of: bytes) { key, value in
            if value.kind == .object {
                let object = UnsafeRawBufferPointer(rebasing: bytes[value.range])
                if key.hasText("component", in: bytes) {
                    component = Self.name(in: object)
                } else if key.hasText("variable", in: bytes) {
                    variable = Self.name(in: object)
                }
            } else if value.kind == .string, value.content.count <= Self.longest {
                if key.hasText("attributeType", in: bytes) {
                    attributeType = value.text(in: bytes)
                } else if key.hasText("attributeValue", in: bytes) {
                    attributeValue = value.text(in: bytes)
                } else if key.hasText("attributeStatus", in: bytes) {
                    attributeStatus = value.text(in: bytes)
                }
            }
        }
    }

    private static func name(in object: UnsafeRawBufferPointer) -> String? {
        var name: String?
        try? JSONScanner.forEachMember(of: object) { key, value in
            guard value.kind == .string, value.content.count <= longest, key.hasText("name", in: object) else { return }
            name = value.text(in: object)
        }
        return name
    }

    var isHeartbeatInterval: Bool {
        (component?.isInAnyCase("ocppcommctrlr") ?? false) && (variable?.isInAnyCase("heartbeatinterval") ?? false)
    }
}

extension String {
    /// Whether this is `smallLetters`, whatever the case of its ASCII letters is.
    func isInAnyCase(_ smallLetters: String) -> Bool {
        utf8.elementsEqual(smallLetters.utf8) {
            $0 == $1 || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) && $0 | 0x20 == $1
        }
    }
}

/// A listener as the configuration names it: `ws:default`.
package struct ListenerName: Sendable, Hashable, CustomStringConvertible {
    package enum Transport: String, Sendable, CaseIterable {
        case ws
        case wss
    }

    package var transport: Transport
    package var name: String

    package var description: String { "\(transport.rawValue):\(name)" }
    /// `default` of `ws:default`, for which there were logs before there was `wss`; the whole of `wss:default`.
    var configurationName: String { transport == .ws ? name : description }
    var keyPrefix: String { "listeners.\(transport.rawValue).\(name)." }
    static let documentedPrefix = "listeners.<type>.<name>."

    /// Letters, digits, `_` and `-`, at most 64: they become part of environment names.
    static func isValid(_ name: String) -> Bool {
        (1...64).contains(name.utf8.count)
            && name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
                    true
                default: false
                }
            }
    }
}

import Foundation

/// An OCPP-J text as a test looks at it.
struct OCPPText: Sendable, CustomStringConvertible {
    let text: String
    var type: Int?
    var uniqueID: String?
    /// The action of a CALL, the ErrorCode of a CALLERROR.
    var third: String?
    /// The ErrorDescription of a CALLERROR.
    var fourth: String?

    init(_ text: String) {
        self.text = text
        guard let array = try? JSONSerialization.jsonObject(with: Data(text.utf8)) as? [Any] else {
            return
        }
        type = array.first as? Int
        uniqueID = array.count > 1 ? array[1] as? String : nil
        third = array.count > 2 ? array[2] as? String : nil
        fourth = array.count > 3 ? array[3] as? String : nil
    }

    var action: String? { type == 2 ? third : nil }
    var errorCode: String? { type == 4 ? third : nil }
    var description: String { text }
}

/// A string as JSON writes it, quotes included.
func json(_ text: String) -> String {
    let data = try? JSONSerialization.data(withJSONObject: text, options: .fragmentsAllowed)
    return String(decoding: data ?? Data(), as: UTF8.self)
}

import NIOCore
import OCPPJ

/// What becomes of a text: what the parser said, or what the reference says it should say. Texts are scalars, so that
/// nothing is equal that is not the same.
enum Outcome: Equatable {
    case message(type: Int, uniqueID: [Unicode.Scalar], relay: [UInt8], frame: [UInt8])
    case notUTF8
    case unknownMessageType(number: String, uniqueID: [Unicode.Scalar]?)
    case malformed(type: Int?, uniqueID: [Unicode.Scalar]?)

    init(_ read: () throws(OCPPMessageProblem) -> OCPPMessage) {
        do throws(OCPPMessageProblem) {
            let message = try read()
            self = .message(
                type: message.type.rawValue, uniqueID: Array(message.uniqueID.text.unicodeScalars),
                relay: Array(message.relay().readableBytesView), frame: Array(message.frame().readableBytesView))
        } catch {
            self =
                switch error {
                case .notUTF8: .notUTF8
                case .unknownMessageType(let number, let uniqueID):
                    .unknownMessageType(number: number, uniqueID: uniqueID.map { Array($0.text.unicodeScalars) })
                case .malformed(let type, let uniqueID, _):
                    .malformed(type: type?.rawValue, uniqueID: uniqueID.map { Array($0.text.unicodeScalars) })
                }
        }
    }

    var isMessage: Bool {
        if case .message = self { true } else { false }
    }
}

import OCPPJ

/// The `type` of the metrics.
package enum MessageLabel: Int, Sendable, CaseIterable {
    case call, result, error, send

    init(_ type: MessageType) {
        switch type {
        case .call: self = .call
        case .callResult: self = .result
        case .callError, .callResultError: self = .error
        case .send: self = .send
        }
    }
}

import NIOCore
import OCPPJ

/// What the central system remembers of one charge point.
struct ChargePointRecord {
    /// A command that is not answered yet.
    struct OpenCommand: Equatable {
        var id: String
        var action: String
        var deadline: NIODeadline
    }

    /// More than any charge point of the simulator has; further ones are answered, and not remembered.
    static let maximumTransactions = 16

    /// Of its last message: a charge point may come back with another one.
    var version: OCPPVersion?
    var transactions: [OpenTransaction] = []
    /// The last status of connector 1.
    var status = ""
    /// It has booted, and nobody has asked yet what it is (OCPP 2.0.1 and later).
    var wantsReport = false
    var command: OpenCommand?
    var nextCommand: NIODeadline
    /// When it last said something.
    var lastSeen: NIODeadline
}

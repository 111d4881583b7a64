import OutsideNames

extension NameKind {
    /// A transaction of OCPP 2.0.1 and later.
    enum TransactionID {}
}

/// What a transaction is called: the central system numbers it in OCPP 1.6, the charge point names it from 2.0.1 on.
enum TransactionID: Hashable {
    case number(Int)
    case text(OutsideName<NameKind.TransactionID>)

    var json: JSONValue {
        switch self {
        case .number(let number): .integer(number)
        case .text(let name): .string(name.text)
        }
    }
}

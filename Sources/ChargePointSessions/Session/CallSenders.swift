import CallTracing
import OutsideNames

/// What is kept of who sent the CALLs that wait for the charge point, or are unanswered: where the answers are wanted
/// too, and what they belong to.
struct CallSenders {
    private struct Sender {
        var replyAddress: ReplyAddress?
        var span: CallSpan?
    }

    /// Of the few that wanted something: of most nothing is kept.
    private var senders: [UniqueID: Sender] = [:]

    func hasReplyAddress(of uniqueID: UniqueID) -> Bool {
        !senders.isEmpty && senders[uniqueID]?.replyAddress != nil
    }

    mutating func note(_ address: ReplyAddress, of uniqueID: UniqueID) {
        senders[uniqueID, default: Sender()].replyAddress = address
    }

    mutating func note(_ span: CallSpan, of uniqueID: UniqueID) {
        senders[uniqueID, default: Sender()].span = span
    }

    func span(of uniqueID: UniqueID) -> CallSpan? {
        senders.isEmpty ? nil : senders[uniqueID]?.span
    }

    mutating func takeReplyAddress(of uniqueID: UniqueID) -> ReplyAddress? {
        guard !senders.isEmpty, let sender = senders[uniqueID], let address = sender.replyAddress else { return nil }
        senders[uniqueID] = sender.span == nil ? nil : Sender(span: sender.span)
        return address
    }

    mutating func takeSpan(of uniqueID: UniqueID) -> CallSpan? {
        guard !senders.isEmpty, let sender = senders[uniqueID], let span = sender.span else { return nil }
        senders[uniqueID] = sender.replyAddress == nil ? nil : Sender(replyAddress: sender.replyAddress)
        return span
    }
}

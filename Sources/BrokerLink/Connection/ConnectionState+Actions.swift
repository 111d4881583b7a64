import NIOCore

/// What `ConnectionState` is told, and what it answers.
extension ConnectionState {
    /// Until when nothing is tried.
    enum Pause: Equatable {
        case until(NIODeadline)
        /// A charge point's connection goes the way that the shared one has found.
        case forSharedLink
        /// Many connect at once; this one is called.
        case forTurn
    }

    /// How a connection came to its end: a reason code of the broker's (0x80 and more), or an error of libmosquitto.
    struct End: Equatable {
        var code: Int32
        var systemError: Int32
    }

    /// A socket, and what it is watched for.
    struct Watch: Equatable {
        let descriptor: Int32
        var interest = BrokerPoll.Interest.both

        /// Nil: that is what it is watched for already.
        mutating func changed(toWrite: Bool) -> Self? {
            let wanted: BrokerPoll.Interest = toWrite ? .both : .read
            guard wanted != interest else { return nil }
            interest = wanted
            return self
        }
    }

    /// What time has brought.
    enum OnTime: Equatable {
        case nothing
        case connect
        case noAnswerOfNameServer
        case noAnswerOfBroker
    }

    /// What CONNACK means.
    enum OnAcknowledgement: Equatable {
        /// Subscriptions and messages may go out.
        case begin
        /// The broker closes, or has: `ended` says what for.
        case waitForEnd
    }

    /// What it was that has ended.
    enum OnEnd: Equatable {
        case nothing
        /// CONNACK said no.
        case refused(ConnectAcknowledgement, socket: Int32)
        /// Without a word of the broker's.
        case unanswered(End, socket: Int32)
        case lost(Loss, socket: Int32)
    }

    struct Loss: Equatable {
        var end: End
        /// We have said goodbye.
        var isOrderly: Bool
        /// Whether it counts as one that works.
        var isProven: Bool
    }
}

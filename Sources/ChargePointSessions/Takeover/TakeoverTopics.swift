import NIOCore
import OutsideNames

/// The topics on which the gateways of one broker meet, and what a message there says (relay-format.md, "Several
/// gateways on one broker").
package struct TakeoverTopics: Sendable {
    /// What a message on one of the topics is.
    package enum Heard: Sendable, Equatable {
        /// Another gateway, or this one, says hello; a welcome goes where that one is answered.
        case hello(SessionClaim, answers: Topic?)
        /// About the charge point that is published to on this topic.
        case claim(SessionClaim, of: ChargePointIdentity, downstream: Topic)
        /// Nothing that a gateway says.
        case flaw(String, of: ChargePointIdentity?)
    }

    /// Of one listener.
    private struct Topics {
        let claim: TopicTemplate
        let downstream: TopicTemplate
        /// Where gateways meet, and where this one is answered.
        let gateways: Topic
        let answers: Topic
    }

    private let topics: [Topics]
    /// Matches all claim topics of the first listener: for the log.
    package let filter: Topic

    /// - Parameter templates: of each listener.
    /// - Returns: nil where takeover between gateways is off.
    package init?(_ templates: [RelayTopicTemplates], gatewayID: ClientID) {
        topics = templates.compactMap { templates in
            guard let claim = templates.claim, let gateways = claim.gateways,
                let answers = claim.answers(to: gatewayID)
            else { return nil }
            return Topics(claim: claim, downstream: templates.downstream, gateways: gateways, answers: answers)
        }
        guard let first = topics.first else { return nil }
        filter = first.claim.filter
    }

    /// Where this gateway is answered, by the topic on which gateways meet: listeners may share it.
    package var meetings: [Topic: Topic] {
        Dictionary(topics.map { ($0.gateways, $0.answers) }, uniquingKeysWith: { first, _ in first })
    }

    /// What a message says; nil: it is on none of these topics.
    package func heard(_ payload: ByteBuffer, on topic: Topic, isRetained: Bool) -> Heard? {
        for topics in topics {
            if topic == topics.gateways {
                return Self.read(payload, isRetained: isRetained, of: nil) { hello in
                    guard hello.isHello else { return .flaw("no hello", of: nil) }
                    return .hello(hello, answers: topics.claim.answers(to: hello.gateway))
                }
            }
            guard let identity = topics.claim.identity(in: topic),
                let downstream = topics.downstream.filled(identity: identity).topic
            else { continue }
            return Self.read(payload, isRetained: isRetained, of: identity) { claim in
                .claim(claim, of: identity, downstream: downstream)
            }
        }
        return nil
    }

    /// A message on the topic where this gateway is answered; the reason where it is no answer.
    package func answer(_ payload: ByteBuffer, isRetained: Bool) -> Result<SessionClaim, SessionClaim.Flaw> {
        Result { () throws(SessionClaim.Flaw) in
            let claim = try SessionClaim(payload, isRetained: isRetained)
            guard claim.isAnswer else { throw SessionClaim.Flaw(reason: "no answer") }
            return claim
        }
    }

    private static func read(
        _ payload: ByteBuffer, isRetained: Bool, of identity: ChargePointIdentity?,
        _ heard: (SessionClaim) -> Heard
    ) -> Heard {
        do throws(SessionClaim.Flaw) {
            return heard(try SessionClaim(payload, isRetained: isRetained))
        } catch {
            return .flaw(error.reason, of: identity)
        }
    }
}

extension SessionClaim {
    /// Reads a claim as the broker has delivered it.
    init(_ payload: ByteBuffer, isRetained: Bool) throws(Flaw) {
        // A claim is news, or it is nothing.
        if isRetained { throw Flaw(reason: "retained") }
        try self.init(payload)
    }
}

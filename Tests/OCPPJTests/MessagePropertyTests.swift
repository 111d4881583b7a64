import NIOCore
import OCPPJ
import ReferenceJSON
import Testing

/// Random messages, whole and damaged: what is made of them is what the rules say, to the byte.
@Suite struct MessagePropertyTests {
    static let casesPerSeries = 6_500

    enum Form: CaseIterable { case frame, relay }

    /// A case is known by its form and seed: to see a failing one again, call `check` with what the failure names.
    @Test(arguments: Form.allCases, 0..<6)
    func `The parser agrees with the rules and the reference parser`(form: Form, series: Int) {
        let version: OCPPVersion = series < 4 ? .v16 : .v21
        var accepted = 0
        for index in 0..<Self.casesPerSeries {
            guard let isMessage = check(form, version, seed: UInt64(series) << 32 | UInt64(index)) else { return }
            if isMessage { accepted += 1 }
        }
        // The cases are worth something only while both kinds are among them.
        #expect(accepted > Self.casesPerSeries / 4 && accepted < Self.casesPerSeries * 3 / 4, "\(accepted) accepted")
    }

    /// Whether the case is a message; nil where there is a difference.
    private func check(_ form: Form, _ version: OCPPVersion, seed: UInt64) -> Bool? {
        let types = version == .v21 ? 2...6 : 2...4
        var generator = MessageGenerator(seed: seed, types: types)
        var bytes = form == .frame ? generator.frame() : generator.relay()
        if generator.once(in: 3) {
            let times = 1 + generator.json.random.below(2)
            ByteMutation.mutate(&bytes, times: times, random: &generator.json.random)
        }
        let limits = MessageLimits(enforcesUniqueIDLength: generator.once(in: 2))
        let rules = ReferenceRules(bytes: bytes, checksUniqueID: limits.enforcesUniqueIDLength, types: types)
        let found = outcome(of: bytes, form, version, limits)
        let expected = form == .frame ? rules.outcomeOfFrame() : rules.outcomeOfRelay()
        guard found == expected, isSound(found, version, limits) else {
            let text = String(decoding: bytes, as: UTF8.self)
            Issue.record("\(form), seed \(seed): \(found) instead of \(expected), in \(text) = \(bytes)")
            return nil
        }
        return found.isMessage
    }

    private func outcome(of bytes: [UInt8], _ form: Form, _ version: OCPPVersion, _ limits: MessageLimits) -> Outcome {
        Outcome { () throws(OCPPMessageProblem) in
            switch form {
            case .frame: try OCPPMessage.parse(frame: buffer(bytes), version: version, limits: limits)
            case .relay: try OCPPMessage.parse(relay: buffer(bytes), version: version, limits: limits)
            }
        }
    }

    private static let keys = [
        2: ["MessageTypeId", "UniqueId", "Action", "Payload"],
        3: ["MessageTypeId", "UniqueId", "Payload"],
        4: ["MessageTypeId", "UniqueId", "ErrorCode", "ErrorDescription", "ErrorDetails"],
        5: ["MessageTypeId", "UniqueId", "ErrorCode", "ErrorDescription", "ErrorDetails"],
        6: ["MessageTypeId", "UniqueId", "Action", "Payload"],
    ]

    /// What is written onwards is JSON, has the keys of its type, and means the same to the next reader.
    private func isSound(_ outcome: Outcome, _ version: OCPPVersion, _ limits: MessageLimits) -> Bool {
        guard case .message(let type, let uniqueID, let relay, let frame) = outcome else { return true }
        guard let members = ReferenceParser.read(relay).value?.members,
            members.compactMap(\.key.text) == Self.keys[type],
            let elements = ReferenceParser.read(frame).value?.elements, elements.count == members.count
        else { return false }
        // Details that are no object go up as they are, and down as `{}`.
        guard case .message(type, uniqueID, _, frame) = self.outcome(of: frame, .frame, version, limits) else {
            return false
        }
        return self.outcome(of: relay, .relay, version, limits) == outcome
    }
}

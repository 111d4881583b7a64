import NIOHTTP1
import OutsideNames

/// Which web pages may open connections (RFC 6455, 4.2.2 and 10.2). Charge points send no `Origin`; browsers do.
package struct OriginRules: Sendable, Equatable {
    /// Origins that are let in, in lower case: `https://console.example`.
    package var allowed: Set<String>
    package var allowsAbsence: Bool

    package init(allowed: some Sequence<String>, allowsAbsence: Bool = true) {
        self.allowed = Set(allowed.map(\.asciiLowercased))
        self.allowsAbsence = allowsAbsence
    }

    /// Nil when the request may pass, else why not.
    func refusal(for headers: HTTPHeaders) -> String? {
        let origins = headers["origin"]
        guard let origin = origins.first else { return allowsAbsence ? nil : "the header Origin is missing" }
        // Scheme and host have no case (RFC 6454, 4).
        guard origins.count == 1, isAllowed(origin.asciiLowercased) else {
            return "the origin is not allowed here"
        }
        return nil
    }

    private func isAllowed(_ origin: String) -> Bool {
        allowed.contains { $0.hasSameBytes(as: origin) }
    }
}

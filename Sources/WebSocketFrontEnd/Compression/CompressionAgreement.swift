/// What was agreed about permessage-deflate (RFC 7692, 7.1).
///
/// Our side never keeps its context from message to message, which needs no agreement. What the charge point may keep is
/// bounded: nothing, or a window of 2^`clientWindowBits` bytes, which is then all that is kept here for it. One deflater
/// and one inflater serve all connections of an event loop.
struct CompressionAgreement: Equatable {
    /// The charge point's context, where it may keep one: small, because every session of that kind holds as much.
    private static let largestClientWindow = 10

    /// The largest window that may be used towards the peer, as a power of 2; nil: the peer set no limit.
    private(set) var serverWindowBits: UInt8?
    /// What the peer may refer back to in earlier messages, as a power of 2; nil: nothing.
    private(set) var clientWindowBits: UInt8?
    /// The `Sec-WebSocket-Extensions` of the answer. It names no parameter that was not offered: clients exist that end
    /// the connection over one, though RFC 7692 allows it.
    private(set) var header = "permessage-deflate"

    /// The first acceptable offer, if there is one. A field that is not in its form offers nothing.
    init?(offeredIn fields: [String]) {
        for offer in fields.lazy.flatMap({ WebSocketExtensionOffer.offers(in: $0) ?? [] }) {
            if let agreement = CompressionAgreement(offer) {
                self = agreement
                return
            }
        }
        return nil
    }

    /// RFC 7692, 7.1: an offer with an unknown parameter, a bad value or a parameter twice must be declined.
    private init?(_ offer: WebSocketExtensionOffer) {
        guard offer.name == "permessage-deflate",
            Set(offer.parameters.map(\.name)).count == offer.parameters.count
        else { return nil }
        var keepsContext = true
        var clientLimit: UInt8?
        for parameter in offer.parameters {
            switch (parameter.name, parameter.value) {
            case ("server_no_context_takeover", nil):
                header += "; server_no_context_takeover"
            case ("client_no_context_takeover", nil):
                header += "; client_no_context_takeover"
                keepsContext = false
            case ("server_max_window_bits", let value?):
                // zlib makes no window of 2^8 bytes.
                guard let bits = Self.windowBits(value), bits >= MessageDeflater.smallestWindow else { return nil }
                serverWindowBits = UInt8(bits)
                header += "; server_max_window_bits=\(bits)"
            case ("client_max_window_bits", nil):
                clientLimit = 15
            case ("client_max_window_bits", let value?):
                guard let bits = Self.windowBits(value) else { return nil }
                clientLimit = UInt8(bits)
            default:
                return nil
            }
        }
        guard keepsContext else { return }
        // 32 KB a session: too much for what it saves.
        guard let clientLimit else { return nil }
        let bits = min(clientLimit, UInt8(Self.largestClientWindow))
        clientWindowBits = bits
        header += "; client_max_window_bits=\(bits)"
    }

    /// 8 to 15, without leading zeros.
    private static func windowBits(_ text: String) -> Int? {
        guard let bits = Int(text), (8...15).contains(bits), String(bits) == text else { return nil }
        return bits
    }
}

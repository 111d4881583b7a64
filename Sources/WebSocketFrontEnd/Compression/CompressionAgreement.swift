/// What was agreed about permessage-deflate (RFC 7692, 7.1).
///
/// Neither side keeps its context from message to message: then nothing of zlib is kept between messages, and one
/// deflater and one inflater serve all connections of an event loop.
struct CompressionAgreement: Equatable {
    /// The largest window that may be used towards the peer, as a power of 2; nil: the peer set no limit.
    var serverWindowBits: UInt8?

    /// The `Sec-WebSocket-Extensions` of the answer.
    var header: String {
        let window = self.serverWindowBits.map { "; server_max_window_bits=\($0)" } ?? ""
        return "permessage-deflate; server_no_context_takeover; client_no_context_takeover\(window)"
    }

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
        for parameter in offer.parameters {
            switch (parameter.name, parameter.value) {
            case ("server_no_context_takeover", nil), ("client_no_context_takeover", nil):
                break
            case ("server_max_window_bits", let value?):
                // zlib makes no window of 2^8 bytes.
                guard let bits = Self.windowBits(value), bits >= MessageDeflater.smallestWindow else { return nil }
                self.serverWindowBits = UInt8(bits)
            case ("client_max_window_bits", nil):
                break
            case ("client_max_window_bits", let value?):
                // Only a hint: the inflater takes any window.
                guard Self.windowBits(value) != nil else { return nil }
            default:
                return nil
            }
        }
    }

    /// 8 to 15, without leading zeros.
    private static func windowBits(_ text: String) -> Int? {
        guard let bits = Int(text), (8...15).contains(bits), String(bits) == text else { return nil }
        return bits
    }
}

/// Why a TLS connection cannot work until somebody does something about it, as far as OpenSSL's and libmosquitto's words tell.
enum TLSFault: Equatable {
    /// The broker's is not trusted, has expired, or is for another name.
    case brokers
    /// The broker asks for one that it trusts.
    case ours
    /// None that both speak.
    case version
    /// What `broker.tls` names cannot be read.
    case files

    init?(in reason: String) {
        func says(_ words: [String]) -> Bool { words.contains { reason.contains($0) } }
        if says(["certificate verify failed", "host name verification failed"]) {
            self = .brokers
        } else if says([
            "alert certificate required", "alert bad certificate", "alert unknown ca", "alert certificate expired",
            "alert certificate revoked", "alert certificate unknown", "alert handshake failure",
        ]) {
            self = .ours
        } else if says(["alert protocol version", "unsupported protocol"]) {
            self = .version
        } else if says(["Unable to load", "TLS: ", "private key"]) {
            self = .files
        } else {
            return nil
        }
    }
}

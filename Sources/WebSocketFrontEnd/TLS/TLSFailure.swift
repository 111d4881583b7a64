import TLSSessions

/// Puts the TLS library's errors into words.
enum TLSFailure {
    private static let words: [String: String] = [
        "PEER_DID_NOT_RETURN_A_CERTIFICATE":
            "the client shows no certificate, and ssl_options.fail_if_no_peer_cert asks for one",
        "UNSUPPORTED_PROTOCOL": "the client speaks no TLS version of ssl_options.versions",
        "NO_SHARED_CIPHER": "the client offers no cipher suite that this listener has",
        "NO_COMMON_SIGNATURE_ALGORITHMS": "the client takes no signature that this listener's key can make",
        "HTTP_REQUEST": "plain HTTP on a TLS listener",
        "HTTPS_PROXY_REQUEST": "plain HTTP on a TLS listener",
        "WRONG_VERSION_NUMBER": "not TLS",
        "TLSV1_ALERT_UNKNOWN_CA": "the client does not know the authority of this listener's certificate",
        "SSLV3_ALERT_CERTIFICATE_UNKNOWN": "the client does not accept this listener's certificate",
        "SSLV3_ALERT_BAD_CERTIFICATE": "the client does not accept this listener's certificate",
        "SSLV3_ALERT_CERTIFICATE_EXPIRED": "the client finds this listener's certificate expired",
        "TLSV1_ALERT_PROTOCOL_VERSION": "the client speaks no TLS version of ssl_options.versions",
        "SSLV3_ALERT_HANDSHAKE_FAILURE": "the client finds no common parameters",
    ]

    /// Whether it comes from the TLS library, or from who uses it here.
    static func isTLS(_ error: any Error) -> Bool {
        error is TLSFault || error is TLSServerHandler.UncleanEnd
    }

    static func reason(_ error: any Error) -> String {
        guard let fault = error as? TLSFault, !fault.name.isEmpty else { return "TLS handshake failed" }
        return "TLS handshake failed: \(words[fault.name] ?? fault.words)"
    }
}

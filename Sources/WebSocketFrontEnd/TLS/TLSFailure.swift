import NIOSSL

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

    /// Whether it comes from the TLS library.
    static func isTLS(_ error: any Error) -> Bool {
        error is NIOSSLError || error is BoringSSLError || error is NIOSSLExtraError
            || error is NIOSSLCloseTimedOutError
    }

    static func reason(_ error: any Error) -> String {
        guard let name = self.name(error) else { return "TLS handshake failed" }
        return "TLS handshake failed: \(words[name] ?? name.lowercased().replacing("_", with: " "))"
    }

    /// The library's name of the first error, `HTTP_REQUEST`.
    private static func name(_ error: any Error) -> String? {
        let boring: BoringSSLError? =
            switch error {
            case NIOSSLError.handshakeFailed(let inner): inner
            case let error as BoringSSLError: error
            default: nil
            }
        switch boring {
        case .sslError(let errors), .unknownError(let errors):
            // `Error: 268435612 error:1000009c:SSL routines:OPENSSL_internal:HTTP_REQUEST at …`
            let text = errors.first.map { "\($0)" } ?? ""
            guard let start = text.firstRange(of: "OPENSSL_internal:")?.upperBound else {
                return text.contains("EOF") ? "CONNECTION_CLOSED" : nil
            }
            return String(text[start...].prefix { $0 != " " })
        default:
            return nil
        }
    }
}

/// What has become of a handshake (management.md, "Metrics").
package enum FrontEndCount: Int, Sendable, CaseIterable {
    /// 101; those too that are closed with 1002 for want of a subprotocol.
    case switched
    case badRequest, unauthorized, forbidden, notFound, upgradeRequired, headersTooLarge, unavailable
    /// Failed in TLS.
    case tls
    /// Closed without an answer: denied by its address, timed out, lost, no HTTP.
    case unanswered

    /// As metrics name it: the HTTP status, `tls`, or `none`.
    package var status: String {
        switch self {
        case .switched: "101"
        case .badRequest: "400"
        case .unauthorized: "401"
        case .forbidden: "403"
        case .notFound: "404"
        case .upgradeRequired: "426"
        case .headersTooLarge: "431"
        case .unavailable: "503"
        case .tls: "tls"
        case .unanswered: "none"
        }
    }

    /// - Parameter status: Of an answer; nil: there was none.
    init(status: Int?) {
        self =
            switch status {
            case nil: .unanswered
            case 101: .switched
            case 401: .unauthorized
            case 403: .forbidden
            case 404: .notFound
            case 426: .upgradeRequired
            case 431: .headersTooLarge
            case 503: .unavailable
            // Whatever else is answered is the request's fault.
            default: .badRequest
            }
    }
}

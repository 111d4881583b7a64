/// Why a URL on the command line is not taken. The text never repeats a password.
package enum URLRefusal: Error, Equatable, CustomStringConvertible {
    case notAURL
    case scheme(expected: String)
    case noHost
    case credentials(use: String)

    package var description: String {
        switch self {
        case .notAURL: "not a URL with a host, such as ws://127.0.0.1:33033/ocpp or mqtt://127.0.0.1:1883"
        case .scheme(let expected): "the URL must begin with \(expected)"
        case .noHost: "the URL names no host"
        case .credentials(let use): "no password in a URL: it would be seen in the list of processes; use \(use)"
        }
    }
}

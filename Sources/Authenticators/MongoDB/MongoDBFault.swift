import CMongoC
import CredentialChecking

/// What an error of the server's or of libmongoc's means for us.
enum MongoDBFault {
    /// Stepping down, shutting down, not yet ready (MongoDB's specification "Server Discovery and Monitoring").
    private static let notReady: Set<UInt32> = [6, 7, 89, 91, 189, 9001, 10_107, 11_600, 11_602, 13_435, 13_436]

    static func fault(_ error: bson_error_t) -> ConnectionFault {
        let words = withUnsafeBytes(of: error.message) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        switch error.domain {
        case MONGOC_ERROR_CLIENT.rawValue where error.code == MONGOC_ERROR_CLIENT_AUTHENTICATE.rawValue:
            // It says so too where the connection broke on the way.
            return words.hasPrefix("Failed to send") ? .lost(words) : .nonsense(words, isUsable: false)
        case MONGOC_ERROR_STREAM.rawValue, MONGOC_ERROR_SERVER_SELECTION.rawValue:
            // A server that has been found and refuses our log-in is said in these words only.
            return words.contains("Authentication failed") ? .nonsense(words, isUsable: false) : .lost(words)
        case MONGOC_ERROR_CLIENT.rawValue: return .lost(words)
        default:
            if notReady.contains(error.code) { return .lost("the server is not ready (error \(error.code))") }
            // MaxTimeMSExpired.
            if error.code == 50 { return .timedOut("the query took too long") }
            // The server's words repeat the filter, with what a charge point has put into it.
            return .nonsense("error \(error.code)", isUsable: true)
        }
    }
}

import CMariaDB
import CredentialChecking

/// What an error of the server's or of libmariadb's means for us (`mysqld_error.h`, `errmsg.h`).
enum MySQLFault {
    /// ER_CANT_AGGREGATE_2COLLATIONS, …_3COLLATIONS, …_NCOLLATIONS: of a text that the column's character set has no
    /// letters for, if there is a letter in it beyond ASCII. Then no row has it.
    static func isNoSuchValue(code: UInt32, _ values: [[UInt8]]) -> Bool {
        [1267, 1270, 1271].contains(code) && values.contains { $0.contains { $0 >= 0x80 } }
    }

    /// - Parameters:
    ///   - code: 2000 to 2999 and 5000 and more are the library's own.
    ///   - isLogin: the connection is being made.
    static func fault(code: UInt32, state: String, words: String, isLogin: Bool = false) -> ConnectionFault {
        switch code {
        // CR_AUTH_PLUGIN_CANNOT_LOAD, CR_AUTH_PLUGIN_ERR: it wants a log-in that we do not have.
        case 2059, 2061: return .nonsense("\(words) (\(code))", isUsable: false)
        // CR_CONN_HOST_ERROR, CR_SERVER_GONE_ERROR, CR_SERVER_LOST: with a time-out or not, the connection is no more.
        case 2000...2999, 5000...: return .lost("\(words) (\(code))")
        // ER_CON_COUNT_ERROR, ER_SERVER_SHUTDOWN, ER_TOO_MANY_USER_CONNECTIONS, ER_OUT_OF_RESOURCES,
        // ER_CONNECTION_KILLED, ER_USER_LIMIT_REACHED, ER_HOST_IS_BLOCKED.
        case 1040, 1053, 1203, 1041, 1927, 1226, 1129: return .lost("\(words) (\(code))")
        // ER_QUERY_INTERRUPTED, ER_STATEMENT_TIMEOUT (MariaDB), ER_QUERY_TIMEOUT (MySQL), ER_LOCK_WAIT_TIMEOUT.
        case 1317, 1969, 3024, 1205: return .timedOut("\(words) (\(code))")
        // ER_NEED_REPREPARE, ER_UNKNOWN_STMT_HANDLER: a fresh connection prepares anew.
        case 1615, 1243: return .lost("\(words) (\(code))")
        default:
            return .nonsense(mayShowWords(state: state) ? "\(words) (\(code))" : "error \(code)", isUsable: !isLogin)
        }
    }

    /// The server's words may quote what they complain of, a parameter among it. These classes speak of the query, the
    /// tables, our log-in and the server only.
    private static func mayShowWords(state: String) -> Bool {
        ["08", "28", "3D", "42"].contains(state.prefix(2))
    }
}

/// How a key is spelt where.
package enum SettingName {
    /// `broker.tls.ca_file` is `BROKER_TLS_CA_FILE` in the environment.
    package static func variable(of key: String) -> String {
        String(key.uppercased().map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" })
    }
}

/// The version of this build, for `--version`.
enum GatewayVersion {
    static let current = "0.1.0-dev"
}

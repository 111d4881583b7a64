import Authentication
import CredentialChecking
import Settings

extension BuiltInDatabaseConfiguration {
    /// The section of `backend: built_in_database`; what all backends have in common is set by whoever reads it.
    package init(_ read: inout SettingsReader) {
        self.init()
        idType = read(
            "authentication.user_id_type", .choice(IDType.self), default: idType,
            help: "built_in_database: what of a charge point is the id of its user")
        let path = read.optional(
            "authentication.bootstrap_file", .file,
            help: "built_in_database: CSV or JSON of users, read at each start; who is missing is added")
        let secret = read(
            "authentication.bootstrap_type", .choice(UserFile.Secret.self), default: .plain,
            help: "built_in_database: what stands for a password in bootstrap_file")
        bootstrap = path.map { Bootstrap(path: $0, secret: secret) }
        if path == nil, read.isSet("authentication.bootstrap_type") {
            read.warn("authentication.bootstrap_type", "there is no bootstrap_file")
        }
    }
}

/// Which columns of a query's answer are what, by their names in any case.
package struct CredentialColumns: Sendable, Equatable {
    private let hash: Int
    private let salt: Int?
    private let isSuperuser: Int?
    private let securityProfile: Int?

    /// - Parameter names: of the columns, in order.
    /// - Throws: The query finds no hash at all: it is wrong.
    package init(names: [String]) throws(ConnectionFault) {
        func index(_ name: String) -> Int? {
            names.firstIndex { $0.lowercased() == name }
        }
        guard let hash = index("password_hash") ?? index("password") else {
            throw .nonsense("the query answers with no column password_hash or password", isUsable: true)
        }
        self.hash = hash
        salt = index("salt")
        isSuperuser = index("is_superuser")
        securityProfile = index("security_profile")
    }

    /// - Parameter value: of a column as its text's bytes; nil: NULL.
    package func credential(_ value: (Int) -> [UInt8]?) throws(ConnectionFault) -> StoredCredential {
        try StoredCredential(
            hash: value(hash), salt: salt.flatMap(value), isSuperuser: isSuperuser.flatMap(value),
            securityProfile: securityProfile.flatMap(value))
    }

    /// The most that is read of one value: the longest hash has 128 digits, and no salt is longer than this.
    package static let mostBytes = 4_096
}

extension StoredCredential {
    /// What a backend has stored, each as its text's bytes; nil and an empty hash are none.
    /// - Throws: A security profile that is none: nobody can tell then who may come in.
    package init(
        hash: [UInt8]?, salt: [UInt8]?, isSuperuser: [UInt8]?, securityProfile: [UInt8]?
    ) throws(ConnectionFault) {
        let hash = hash.flatMap { $0.isEmpty ? nil : $0 }
        guard (hash?.count ?? 0) <= CredentialColumns.mostBytes, (salt?.count ?? 0) <= CredentialColumns.mostBytes
        else {
            throw .nonsense("a hash or salt longer than \(CredentialColumns.mostBytes) bytes", isUsable: true)
        }
        self.init(
            hash: hash, salt: salt ?? [],
            isSuperuser: isSuperuser.map {
                !["", "0", "f", "false", "\0"].contains(String(decoding: $0, as: UTF8.self))
            }
                ?? false,
            securityProfile: try Self.securityProfile(securityProfile))
    }

    private static func securityProfile(_ text: [UInt8]?) throws(ConnectionFault) -> Int? {
        guard let text, !text.isEmpty else { return nil }
        guard let profile = Int(String(decoding: text, as: UTF8.self)), (1...3).contains(profile) else {
            throw .nonsense("a security_profile other than 1, 2 and 3", isUsable: true)
        }
        return profile
    }
}

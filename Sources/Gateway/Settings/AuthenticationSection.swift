import CredentialChecking
import NIOCore
import Settings

extension AuthenticationSettings {
    /// - Parameters:
    ///   - hasOwnConnections: `broker.sessions: per_charge_point`.
    ///   - idleTimeout: the handshake must be over by then.
    init(_ read: inout SettingsReader, hasOwnConnections: Bool, idleTimeout: TimeAmount) {
        self.init()
        read.section("Authentication", applies: .atOnce)
        backend = read(
            "authentication.backend", .choice(), default: backend,
            help: "who decides about credentials; none: everyone is let in")
        isEnabled = read("authentication.enable", .boolean, default: isEnabled, help: "false: as none")
        let mechanism = read.optional(
            "authentication.mechanism", .choice(["password_based": false, "jwt": true]),
            help: "checked against the backend: password_based, or jwt")
        usernameIsIdentity = read(
            "authentication.username_is_identity", .boolean, default: usernameIsIdentity,
            help: "a user name that is not the charge point's identity gets 401, and nobody is asked")
        let common = read.readings.count
        unknownIdentity = read(
            "authentication.unknown_identity", .choice(), default: unknownIdentity,
            help: "what a charge point hears that the backend does not know; 401 tells nobody what identities exist")
        passwordForms = read(
            "authentication.password_forms", .choice(), default: passwordForms,
            help: "ocpp: an AuthorizationKey also as hexadecimal or as its bytes; exact: as sent")
        timeout = read(
            "authentication.timeout", .duration(.milliseconds(10) ... .day), default: timeout,
            help: "from the request to the verdict, waiting included")
        maxWaiting = read(
            "authentication.max_waiting", .integer(1...10_000_000), default: maxWaiting,
            help: "handshakes that may wait for a verdict")
        retryPause = read(
            "authentication.retry_pause", .duration(.zero ... .day), default: retryPause,
            help: "the same credentials refused again within this are answered without asking; 0: off")
        cacheLifetime = read(
            "authentication.cache.ttl", .duration(.zero ... .day), default: cacheLifetime,
            help: "how long an allow is kept; 0: off")
        readConnections(&read)
        tls.read(&read)
        passwordHash = PasswordHashing(&read)
        let changed = read.readings[common...].filter { !$0.isDefault && $0.isSet }.map(\.key)
        for key in effectiveBackend.withoutEffect(changed) {
            read.warn(key, "has no effect with authentication.backend: \(effectiveBackend.rawValue)")
        }
        check(&read, mechanism, hasOwnConnections, idleTimeout)
        own = OwnSettings(&read, self)
    }

    private mutating func readConnections(_ read: inout SettingsReader) {
        poolSize = read(
            "authentication.pool_size", .integer(1...1024), default: poolSize,
            help: "connections to the backend, opened as needed")
        connectTimeout = read(
            "authentication.connect_timeout", .duration(.milliseconds(1) ... .seconds(3600)), default: connectTimeout,
            help: "for a connection to the backend")
        queryTimeout = read(
            "authentication.query_timeout", .duration(.milliseconds(1) ... .seconds(3600)), default: queryTimeout,
            help: "for the backend's answer")
        username = read.optional("authentication.username", .text, help: "user name at the backend")
        password = read.secret(
            "authentication.password", fileKey: "authentication.password_file", help: "password at the backend")
    }

    private mutating func check(
        _ read: inout SettingsReader, _ mechanismIsJWT: Bool?, _ hasOwnConnections: Bool, _ idleTimeout: TimeAmount
    ) {
        if backend == .broker, !hasOwnConnections, isEnabled {
            read.problem("authentication.backend", "expected broker.sessions: per_charge_point with it")
        }
        if effectiveBackend.isAsked, hasOwnConnections {
            read.problem(
                "authentication.backend",
                "expected broker or none with broker.sessions: per_charge_point, where the broker decides")
        }
        if let mechanismIsJWT, backend != .none, mechanismIsJWT != (backend == .jwt) {
            read.problem(
                "authentication.mechanism", "expected \(backend == .jwt ? "jwt" : "password_based"), the backend's")
        }
        if let mechanismIsJWT, isEnabled, backend == .none, !read.isSet("authentication.backend") {
            read.problem(
                "authentication.mechanism",
                "expected authentication.backend\(mechanismIsJWT ? ": jwt" : "") with it: "
                    + "a mechanism alone asks nobody, and everyone would be let in")
        }
        if effectiveBackend == .none, !hasOwnConnections {
            read.warn(
                SettingProblem(
                    key: "authentication.backend",
                    expectation: "there is no authentication: everyone who can reach a listener is let in",
                    source: read["authentication.backend"]?.source))
        }
        if !usernameIsIdentity {
            read.warn(
                "authentication.username_is_identity",
                "one charge point's password opens every identity, unless the backend ties user names to them")
        }
        guard effectiveBackend.isAsked else { return }
        let limit = Duration.nanoseconds(idleTimeout.nanoseconds)
        if timeout >= limit, !read.isDefault("authentication.timeout") {
            read.problem("authentication.timeout", "expected less than idle_timeout, when the handshake is given up")
        }
        // Who has a short idle_timeout and says nothing of this one has meant that.
        timeout = min(timeout, limit)
    }

    /// What is said of a key below `authentication.` that nothing reads; nil: the name is not of these.
    func words(onUnknown name: String, known: [String]) -> String? {
        let isVariable = name.hasPrefix("AUTHENTICATION_")
        guard isVariable || name.hasPrefix("authentication.") else { return nil }
        // Compared without what they all begin with, or every name would be near to some other.
        let start = "authentication.".utf8.count
        let ends = known.map { key in
            let end = String(key.utf8.dropFirst(start)) ?? key
            return isVariable ? SettingName.variable(of: end) : end
        }
        let end = String(name.utf8.dropFirst(start)) ?? name
        guard let near = NearestName.of(end, among: ends) else {
            return "nothing reads it with authentication.backend: \(backend.rawValue)"
        }
        return "unknown name; did you mean \(isVariable ? "AUTHENTICATION_" : "authentication.")\(near)?"
    }
}

extension AuthenticationSettings.TLS {
    fileprivate mutating func read(_ read: inout SettingsReader) {
        isEnabled = read("authentication.ssl.enable", .boolean, default: isEnabled, help: "TLS to the backend")
        caFile = read.optional(
            "authentication.ssl.cacertfile", .file,
            help: "PEM file of the authorities that may sign its certificate; default the system's")
        certificateFile = read.optional(
            "authentication.ssl.certfile", .file, help: "PEM file of the gateway's certificate towards it")
        keyFile = read.optional("authentication.ssl.keyfile", .file, help: "PEM file of its private key")
        keyPassword = read.secret("authentication.ssl.password", help: "password of the private key")
        let names = read(
            "authentication.ssl.versions", .choices(Version.allCases.map(\.rawValue)),
            default: versions.map(\.rawValue),
            help: "TLS versions")
        versions = names.compactMap(Version.init(rawValue:))
        serverName = read.optional(
            "authentication.ssl.server_name_indication", .text,
            help: "name that its certificate must have; default the host's; disable: no name is sent and none checked")
        verifies = read(
            "authentication.ssl.verify", .choice(["verify_peer": true, "verify_none": false]), default: verifies,
            help: "verify_none takes any certificate")
        for key in ["authentication.ssl.cacertfile", "authentication.ssl.certfile", "authentication.ssl.keyfile"] {
            read.checkFile(key)
        }
        read.checkPair("authentication.ssl.certfile", "authentication.ssl.keyfile")
    }
}

extension AuthenticationSettings.PasswordHashing {
    fileprivate init(_ read: inout SettingsReader) {
        self.init()
        name = read(
            "authentication.password_hash_algorithm.name", .choice(), default: name, help: "how passwords are stored")
        saltPosition = read(
            "authentication.password_hash_algorithm.salt_position", .choice(), default: saltPosition,
            help: "H(salt + password), H(password + salt) or H(password)")
        macFunction = read.optional(
            "authentication.password_hash_algorithm.mac_fun", .choice(), help: "of pbkdf2; required there")
        iterations = read.optional(
            "authentication.password_hash_algorithm.iterations", .integer(1...10_000_000),
            help: "of pbkdf2; required there")
        derivedLength = read.optional(
            "authentication.password_hash_algorithm.dk_length", .integer(1...1024),
            help: "of pbkdf2, in bytes; default the digest's")
        saltRounds = read(
            "authentication.password_hash_algorithm.salt_rounds", .integer(BcryptHash.newCosts), default: saltRounds,
            help: "of bcrypt, for writing")
        let prefix = "authentication.password_hash_algorithm."
        if name == .pbkdf2 {
            if macFunction == nil { read.problem("\(prefix)mac_fun", "expected a value: pbkdf2 needs it") }
            if iterations == nil { read.problem("\(prefix)iterations", "expected a value: pbkdf2 needs it") }
        }
        var unused = name == .pbkdf2 ? [] : ["mac_fun", "iterations", "dk_length"]
        if name != .bcrypt { unused.append("salt_rounds") }
        if name == .bcrypt || name == .pbkdf2 { unused.append("salt_position") }
        for key in unused where !read.isDefault(prefix + key) {
            read.warn(prefix + key, "has no effect with \(name.rawValue)")
        }
    }
}

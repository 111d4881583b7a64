import Authentication
import CredentialChecking

/// What all backends have in common, in the words of those that need it.
extension AuthenticationSettings {
    var gate: AuthenticationGateConfiguration {
        var gate = AuthenticationGateConfiguration()
        gate.timeout = timeout
        gate.maxWaiting = maxWaiting
        gate.retryPause = retryPause
        gate.cacheLifetime = cacheLifetime
        gate.poolSize = poolSize
        return gate
    }

    var storedPasswords: StoredPasswordSettings {
        var stored = StoredPasswordSettings()
        stored.hash = hash
        stored.forms = passwordForms
        stored.userNameRule = UserNameRule(holds: usernameIsIdentity)
        stored.unknownIdentity = unknownIdentity
        return stored
    }

    /// - Parameter userNameIsToken: There is no user name then that could be the identity.
    func directVerdicts(userNameIsToken: Bool) -> DirectVerdictSettings {
        var direct = DirectVerdictSettings()
        direct.userNameRule = UserNameRule(holds: usernameIsIdentity && !userNameIsToken)
        direct.unknownIdentity = unknownIdentity
        return direct
    }

    var hash: PasswordHash {
        let position = passwordHash.saltPosition
        switch passwordHash.name {
        case .plain: return .plain(position)
        case .md5: return .digest(.md5, position)
        case .sha: return .digest(.sha, position)
        case .sha256: return .digest(.sha256, position)
        case .sha512: return .digest(.sha512, position)
        case .bcrypt: return .bcrypt(saltRounds: passwordHash.saltRounds)
        case .pbkdf2:
            let parameters = passwordHash.macFunction.flatMap { function in
                passwordHash.iterations.flatMap {
                    PBKDF2(function: function, iterations: $0, byteCount: passwordHash.derivedLength)
                }
            }
            // Without them it is a problem, and nothing starts.
            return parameters.map { .pbkdf2($0) } ?? .standard
        }
    }

    var limits: PoolLimits {
        PoolLimits(size: poolSize, connectTimeout: connectTimeout, queryTimeout: queryTimeout)
    }

    /// Paths of the files that are read anew for each connection to the backend's server. An HTTP client has read its own
    /// for all of its connections.
    var filesOfConnections: [String] {
        switch effectiveBackend {
        case .mysql, .postgresql, .mongodb, .redis:
            let ofTLS = tls.isEnabled ? [tls.caFile, tls.certificateFile, tls.keyFile] : []
            return ([password?.file] + ofTLS).compactMap(\.self)
        case .none, .broker, .builtInDatabase, .http, .jwt: return []
        }
    }

    var backendTLS: BackendTLS {
        var made = BackendTLS(isEnabled: tls.isEnabled)
        made.caFile = tls.caFile
        made.certificateFile = tls.certificateFile
        made.keyFile = tls.keyFile
        made.keyPassword = tls.keyPassword?.text
        made.versions = Set(tls.versions.compactMap { BackendTLS.Version(rawValue: $0.rawValue) })
        made.serverName =
            switch tls.serverName {
            case nil: .ofHost
            case .some(let name): name.lowercased().utf8.elementsEqual("disable".utf8) ? .disabled : .named(name)
            }
        made.verifiesPeer = tls.verifies
        return made
    }
}

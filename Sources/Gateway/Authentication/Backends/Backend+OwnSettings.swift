import BuiltInDatabaseAuthenticator
import HTTPAuthenticator
import JWTAuthenticator

#if MongoDB
    import MongoDBAuthenticator
#endif
#if MySQL
    import MySQLAuthenticator
#endif
#if PostgreSQL
    import PostgreSQLAuthenticator
#endif
#if Redis
    import RedisAuthenticator
#endif

extension AuthenticationSettings.Backend {
    /// What reads its own settings and makes its authenticator of them; nil: nobody is asked, or (which is a problem where
    /// it is chosen) this build goes without the C library that it needs.
    var ownSettings: (any BackendSettings.Type)? {
        switch self {
        case .none, .broker: return nil
        case .builtInDatabase: return BuiltInDatabaseConfiguration.self
        case .http: return HTTPAuthenticatorSettings.self
        case .jwt: return JWTAuthenticatorSettings.self
        case .mysql:
            #if MySQL
                return MySQLConfiguration.self
            #else
                return nil
            #endif
        case .postgresql:
            #if PostgreSQL
                return PostgreSQLConfiguration.self
            #else
                return nil
            #endif
        case .mongodb:
            #if MongoDB
                return MongoDBConfiguration.self
            #else
                return nil
            #endif
        case .redis:
            #if Redis
                return RedisConfiguration.self
            #else
                return nil
            #endif
        }
    }
}

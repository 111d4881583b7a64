// swift-tools-version: 6.2
import PackageDescription

/// Warnings are errors in every target of ours.
let strict: [SwiftSetting] = [.treatAllWarnings(as: .error)]

let nio: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let nioPosix: Target.Dependency = .product(name: "NIOPosix", package: "swift-nio")
let nioHTTP1: Target.Dependency = .product(name: "NIOHTTP1", package: "swift-nio")
let nioWebSocket: Target.Dependency = .product(name: "NIOWebSocket", package: "swift-nio")
let nioEmbedded: Target.Dependency = .product(name: "NIOEmbedded", package: "swift-nio")
let nioSSL: Target.Dependency = .product(name: "NIOSSL", package: "swift-nio-ssl")
let nioTLS: Target.Dependency = .product(name: "NIOTLS", package: "swift-nio")
let x509: Target.Dependency = .product(name: "X509", package: "swift-certificates")
let asn1: Target.Dependency = .product(name: "SwiftASN1", package: "swift-asn1")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let lifecycle: Target.Dependency = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let unixSignals: Target.Dependency = .product(name: "UnixSignals", package: "swift-service-lifecycle")
let arguments: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let tracing: Target.Dependency = .product(name: "Tracing", package: "swift-distributed-tracing")
let httpClient: Target.Dependency = .product(name: "AsyncHTTPClient", package: "async-http-client")

/// What `--version` tells. By the environment: SwiftPM keeps what a manifest has said until that or the environment is
/// another one, so that `Context.gitInformation` may be that of an earlier commit.
let commit = (Context.environment["OCPP_GATEWAY_COMMIT"] ?? "").filter {
    $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-")
}.prefix(64)

let package = Package(
    name: "ocpp-gateway",
    products: [
        .executable(name: "ocpp-gateway", targets: ["ocpp-gateway"]),
        .executable(name: "charge-point-simulator", targets: ["charge-point-simulator"]),
        .executable(name: "ocpp-load", targets: ["ocpp-load"]),
    ],
    traits: [
        .trait(name: "PostgreSQL", description: "The authentication backend postgresql, with libpq."),
        .trait(name: "MySQL", description: "The authentication backend mysql, with libmariadb."),
        .trait(name: "Redis", description: "The authentication backend redis, with hiredis."),
        .trait(name: "MongoDB", description: "The authentication backend mongodb, with libmongoc."),
        .default(enabledTraits: ["PostgreSQL", "MySQL", "Redis", "MongoDB"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        // TLSSessions uses the BoringSSL in it, of which a later one may make something else.
        .package(url: "https://github.com/apple/swift-nio-ssl", .upToNextMinor(from: "2.37.0")),
        .package(url: "https://github.com/apple/swift-certificates", from: "1.21.0"),
        .package(url: "https://github.com/apple/swift-asn1", from: "1.7.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.6.3"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.0.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.3.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.8.0"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", exact: "0.2.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.0"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/apple/swift-distributed-tracing.git", from: "1.7.0"),
        .package(url: "https://github.com/vapor/jwt-kit", from: "5.7.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/swiftcsv/SwiftCSV", from: "0.10.0"),
    ],
    targets: [
        .systemLibrary(
            name: "CMosquitto",
            pkgConfig: "libmosquitto",
            providers: [.apt(["libmosquitto-dev"])]
        ),
        .target(name: "CMosquittoWire", dependencies: ["CMosquitto"]),
        .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CCrypt", pkgConfig: "libxcrypt", providers: [.apt(["libcrypt-dev"])]),
        .systemLibrary(name: "CPostgreSQL", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        .systemLibrary(name: "CMariaDB", pkgConfig: "libmariadb", providers: [.apt(["libmariadb-dev"])]),
        .systemLibrary(name: "CHiredis", pkgConfig: "hiredis", providers: [.apt(["libhiredis-dev"])]),
        .systemLibrary(name: "CMongoC", pkgConfig: "libmongoc-1.0", providers: [.apt(["libmongoc-dev"])]),
        .target(name: "Settings", dependencies: ["JSONText"], swiftSettings: strict),
        .target(name: "Counters", swiftSettings: strict),
        .target(name: "CBuildCommit", cSettings: [.define("OCPP_GATEWAY_COMMIT", to: "\"\(commit)\"")]),
        .target(name: "BuildVersion", dependencies: ["CBuildCommit"], swiftSettings: strict),
        .target(name: "OutsideNames", swiftSettings: strict),
        .target(name: "MemoryBudget", swiftSettings: strict),
        .target(name: "BoundedFiles", swiftSettings: strict),
        .target(name: "JSONText", swiftSettings: strict),
        .target(name: "SchemaChecking", dependencies: ["JSONText"], swiftSettings: strict),
        .target(name: "OCPPJ", dependencies: ["OutsideNames", "JSONText", nio], swiftSettings: strict),
        .target(
            name: "BrokerLink",
            dependencies: [
                "OutsideNames", "MemoryBudget", "BoundedFiles", "Counters", "CMosquitto", "CMosquittoWire", "COpenSSL",
                nio, logging,
                .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "HeapModule", package: "swift-collections"),
            ],
            swiftSettings: strict
        ),
        .target(
            name: "CallTracing",
            dependencies: [
                "Counters", nio, tracing, .product(name: "DequeModule", package: "swift-collections"),
            ],
            swiftSettings: strict
        ),
        .target(
            name: "ChargePointSessions",
            dependencies: [
                "OutsideNames", "MemoryBudget", "Counters", "CallTracing", "JSONText", "OCPPJ", "SchemaChecking", nio,
                logging, tracing,
                .product(name: "DequeModule", package: "swift-collections"),
            ],
            swiftSettings: strict
        ),
        // Imports CNIOBoringSSL, which is no product: it is there as a part of NIOSSL.
        .target(name: "TLSSessions", dependencies: [nio, nioSSL], swiftSettings: strict),
        .target(
            name: "WebSocketFrontEnd",
            dependencies: [
                "OutsideNames", "MemoryBudget", "BoundedFiles", "Counters", "Authentication", "TLSSessions", "CZlib",
                nio, nioPosix, nioHTTP1, nioWebSocket, nioSSL, nioTLS, x509, asn1, logging,
                .product(name: "DequeModule", package: "swift-collections"),
            ],
            swiftSettings: strict
        ),
        .target(name: "Authentication", dependencies: ["OutsideNames"], swiftSettings: strict),
        .target(
            name: "CredentialChecking",
            dependencies: [
                "Authentication", "OutsideNames", "BoundedFiles", "Counters", "Settings", "CCrypt", crypto,
                .product(name: "CryptoExtras", package: "swift-crypto"), logging,
                .product(name: "DequeModule", package: "swift-collections"),
            ],
            swiftSettings: strict
        ),
        .target(
            name: "BuiltInDatabaseAuthenticator",
            dependencies: [
                "Authentication", "BoundedFiles", "CredentialChecking", "OutsideNames", "Settings",
                .product(name: "GRDB", package: "GRDB.swift"), .product(name: "SwiftCSV", package: "SwiftCSV"), logging,
            ],
            path: "Sources/Authenticators/BuiltInDatabase",
            swiftSettings: strict
        ),
        .target(
            name: "PostgreSQLAuthenticator",
            dependencies: ["Authentication", "CredentialChecking", "OutsideNames", "Settings", "CPostgreSQL", logging],
            path: "Sources/Authenticators/PostgreSQL",
            swiftSettings: strict
        ),
        .target(
            name: "MySQLAuthenticator",
            dependencies: ["Authentication", "CredentialChecking", "OutsideNames", "Settings", "CMariaDB", logging],
            path: "Sources/Authenticators/MySQL",
            swiftSettings: strict
        ),
        .target(
            name: "RedisAuthenticator",
            dependencies: [
                "Authentication", "CredentialChecking", "OutsideNames", "Settings", "CHiredis", nio, nioPosix, nioSSL,
                logging,
            ],
            path: "Sources/Authenticators/Redis",
            swiftSettings: strict
        ),
        .target(
            name: "MongoDBAuthenticator",
            dependencies: ["Authentication", "CredentialChecking", "OutsideNames", "Settings", "CMongoC", logging],
            path: "Sources/Authenticators/MongoDB",
            swiftSettings: strict
        ),
        .target(
            name: "BackendHTTPClient",
            dependencies: [
                "CredentialChecking", "Settings", httpClient, nio, nioPosix, nioHTTP1, nioSSL,
                .product(name: "NIOFoundationCompat", package: "swift-nio"),
            ],
            path: "Sources/Authenticators/HTTPClient",
            swiftSettings: strict
        ),
        .target(
            name: "HTTPAuthenticator",
            dependencies: [
                "Authentication", "BackendHTTPClient", "CredentialChecking", "OutsideNames", "Settings", nioHTTP1,
            ],
            path: "Sources/Authenticators/HTTP",
            swiftSettings: strict
        ),
        .target(
            name: "JWTAuthenticator",
            dependencies: [
                "Authentication", "BackendHTTPClient", "CredentialChecking", "OutsideNames", "Settings", crypto,
                .product(name: "JWTKit", package: "jwt-kit"), logging,
            ],
            path: "Sources/Authenticators/JWT",
            swiftSettings: strict
        ),
        .target(
            name: "PageFiles",
            resources: [.embedInCode("Files")],
            swiftSettings: strict
        ),
        .target(
            name: "Management",
            dependencies: [
                "OutsideNames", "Counters", "Authentication", "JSONText", crypto, nio, nioPosix, nioSSL, logging,
                lifecycle,
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdTLS", package: "hummingbird"),
            ],
            resources: [.embedInCode("Resources/openapi.yaml")],
            swiftSettings: strict
        ),
        .target(
            name: "Gateway",
            dependencies: [
                "OutsideNames", "MemoryBudget", "BoundedFiles", "OCPPJ", "SchemaChecking", "CMosquitto", "BrokerLink",
                "ChargePointSessions", "WebSocketFrontEnd", "Authentication", "Settings", "Counters",
                "CredentialChecking", "BuiltInDatabaseAuthenticator", "HTTPAuthenticator", "JWTAuthenticator",
                "Management", "PageFiles", "BuildVersion", "CallTracing", "BackendHTTPClient", tracing,
                .target(name: "PostgreSQLAuthenticator", condition: .when(traits: ["PostgreSQL"])),
                .target(name: "MySQLAuthenticator", condition: .when(traits: ["MySQL"])),
                .target(name: "RedisAuthenticator", condition: .when(traits: ["Redis"])),
                .target(name: "MongoDBAuthenticator", condition: .when(traits: ["MongoDB"])),
                nioPosix, logging, lifecycle, unixSignals,
                .product(name: "Yams", package: "Yams"),
            ],
            swiftSettings: strict
        ),
        .executableTarget(
            name: "ocpp-gateway",
            dependencies: [
                "BuildVersion", "Gateway", "Authentication", "CredentialChecking", "OutsideNames", "Settings",
                arguments,
            ],
            swiftSettings: strict
        ),
        .target(name: "ClientEndpoints", dependencies: [nio, nioSSL], swiftSettings: strict),
        .target(
            name: "ChargePointSimulator",
            dependencies: [
                "ClientEndpoints", "OutsideNames", "BrokerLink", "JSONText", "OCPPJ", nio, nioPosix, nioHTTP1,
                nioWebSocket, nioSSL, logging,
            ],
            swiftSettings: strict
        ),
        .executableTarget(
            name: "charge-point-simulator",
            dependencies: ["BuildVersion", "ChargePointSimulator", "ClientEndpoints", "OCPPJ", logging, arguments],
            swiftSettings: strict
        ),
        .target(
            name: "LoadGenerator",
            dependencies: [
                "ClientEndpoints", "CMosquitto", nio, nioPosix, nioHTTP1, nioWebSocket, nioSSL,
                .product(name: "Histogram", package: "hdrhistogram-swift"),
            ],
            swiftSettings: strict
        ),
        .executableTarget(
            name: "ocpp-load",
            dependencies: ["BuildVersion", "LoadGenerator", "ClientEndpoints", arguments],
            swiftSettings: strict
        ),
        .target(name: "CSpawn", path: "Tests/CSpawn"),
        .target(
            name: "TestSupport",
            dependencies: ["SpawnedProcess", nio, nioPosix, logging],
            path: "Tests/TestSupport",
            swiftSettings: strict
        ),
        .target(
            name: "BackendTestSupport",
            dependencies: ["Authentication", "CredentialChecking", "OutsideNames", "SpawnedProcess"],
            path: "Tests/BackendTestSupport",
            swiftSettings: strict
        ),
        .target(name: "SpawnedProcess", dependencies: ["CSpawn"], path: "Tests/SpawnedProcess", swiftSettings: strict),
        .target(
            name: "ReferenceJSON", dependencies: ["TestSupport"], path: "Tests/ReferenceJSON", swiftSettings: strict),
        .testTarget(
            name: "SettingsTests", dependencies: ["Settings"], swiftSettings: strict),
        .testTarget(
            name: "CountersTests", dependencies: ["Counters"], swiftSettings: strict),
        .testTarget(
            name: "CredentialCheckingTests",
            dependencies: ["TestSupport", "Authentication", "CredentialChecking", "OutsideNames", "Counters", logging],
            swiftSettings: strict),
        .testTarget(
            name: "BuiltInDatabaseAuthenticatorTests",
            dependencies: [
                "Authentication", "CredentialChecking", "OutsideNames", "SpawnedProcess", "TestSupport",
                "BuiltInDatabaseAuthenticator", nio, nioPosix, logging,
            ], swiftSettings: strict),
        .testTarget(
            name: "PostgreSQLAuthenticatorTests",
            dependencies: [
                "Authentication", "CredentialChecking", "OutsideNames", "SpawnedProcess", "BackendTestSupport",
                "TestSupport", "PostgreSQLAuthenticator", nio, nioPosix, logging,
            ], swiftSettings: strict),
        .testTarget(
            name: "MySQLAuthenticatorTests",
            dependencies: [
                "Authentication", "CredentialChecking", "OutsideNames", "SpawnedProcess", "BackendTestSupport",
                "TestSupport", "MySQLAuthenticator", nio, nioPosix, logging,
            ], swiftSettings: strict),
        .testTarget(
            name: "RedisAuthenticatorTests",
            dependencies: [
                "Authentication", "CredentialChecking", "OutsideNames", "SpawnedProcess", "BackendTestSupport",
                "TestSupport", "RedisAuthenticator", nio, nioPosix, logging,
            ], swiftSettings: strict),
        .testTarget(
            name: "MongoDBAuthenticatorTests",
            dependencies: [
                "Authentication", "CredentialChecking", "OutsideNames", "SpawnedProcess", "BackendTestSupport",
                "TestSupport", "MongoDBAuthenticator", nio, nioPosix, logging,
            ], swiftSettings: strict),
        .testTarget(
            name: "HTTPAuthenticatorTests",
            dependencies: [
                "Authentication", "CredentialChecking", "OutsideNames", "SpawnedProcess", "TestSupport",
                "BackendHTTPClient", "HTTPAuthenticator", nio, nioPosix, logging,
            ], exclude: ["Resources"],
            swiftSettings: strict),
        .testTarget(
            name: "JWTAuthenticatorTests",
            dependencies: [
                "Authentication", "CredentialChecking", "OutsideNames", "SpawnedProcess", "TestSupport",
                "BackendHTTPClient", "JWTAuthenticator", nio, nioPosix, logging,
            ], exclude: ["Resources"],
            swiftSettings: strict),
        .testTarget(
            name: "ManagementTests",
            dependencies: [
                "Management", "Counters", "Authentication", "OutsideNames", "SpawnedProcess", "TestSupport", nio,
                nioPosix, logging, lifecycle,
            ], swiftSettings: strict),
        .testTarget(
            name: "LoadGeneratorTests",
            dependencies: [
                "TestSupport", "ClientEndpoints", "JSONText", "LoadGenerator", "SpawnedProcess", nio, nioPosix,
                nioHTTP1, nioWebSocket,
            ],
            swiftSettings: strict),
        .testTarget(name: "OutsideNamesTests", dependencies: ["OutsideNames"], swiftSettings: strict),
        .testTarget(name: "MemoryBudgetTests", dependencies: ["MemoryBudget"], swiftSettings: strict),
        .testTarget(name: "BoundedFilesTests", dependencies: ["BoundedFiles"], swiftSettings: strict),
        .testTarget(name: "JSONTextTests", dependencies: ["JSONText", "ReferenceJSON"], swiftSettings: strict),
        .testTarget(
            name: "OCPPJTests", dependencies: ["OutsideNames", "OCPPJ", "ReferenceJSON", nio], swiftSettings: strict),
        .testTarget(
            name: "SchemaCheckingTests",
            dependencies: ["TestSupport", "SpawnedProcess", "SchemaChecking", "JSONText"],
            exclude: ["Judge"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "BrokerLinkTests",
            dependencies: [
                "TestSupport", "OutsideNames", "MemoryBudget", "Counters", "SpawnedProcess", "BrokerLink", "CMosquitto",
                "CMosquittoWire", nioPosix, nioEmbedded,
            ],
            swiftSettings: strict),
        .testTarget(
            name: "CallTracingTests", dependencies: ["CallTracing", "Counters", nio, tracing], swiftSettings: strict),
        .testTarget(
            name: "ChargePointSessionsTests",
            dependencies: [
                "TestSupport", "CallTracing", tracing,
                "OutsideNames", "MemoryBudget", "ChargePointSessions", "OCPPJ", nio, nioPosix, logging,
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "TLSSessionsTests", dependencies: ["TestSupport", "TLSSessions", nio, nioEmbedded, nioSSL],
            swiftSettings: strict),
        .testTarget(
            name: "WebSocketFrontEndTests",
            dependencies: [
                "TestSupport",
                "OutsideNames", "MemoryBudget", "Authentication", "Counters", "SpawnedProcess", "ReferenceJSON",
                "WebSocketFrontEnd", "CZlib", nio,
                nioPosix,
                nioEmbedded, nioHTTP1,
                nioWebSocket, nioSSL, x509, asn1, logging,
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "ChargePointSimulatorTests",
            dependencies: [
                "TestSupport",
                "ClientEndpoints", "OutsideNames", "ChargePointSimulator", "BrokerLink", "SchemaChecking", "JSONText",
                "OCPPJ", nio, nioPosix, nioHTTP1, nioWebSocket, nioSSL, logging,
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "GatewayTests",
            dependencies: [
                "TestSupport", "OutsideNames", "SpawnedProcess", "BoundedFiles", "Settings", "Authentication",
                "CredentialChecking",
                "BuiltInDatabaseAuthenticator", "HTTPAuthenticator", "OCPPJ", "ChargePointSessions", "BrokerLink",
                "WebSocketFrontEnd",
                "Management", "Gateway", "BuildVersion", "CallTracing", "BackendHTTPClient", nio, tracing,
                nioPosix, logging,
            ],
            swiftSettings: strict),
        .testTarget(
            name: "IntegrationTests",
            dependencies: ["TestSupport", "SpawnedProcess", "ocpp-gateway", nio, nioPosix, nioHTTP1, nioSSL],
            exclude: ["Resources"],
            swiftSettings: strict
        ),
    ]
)

// A build for which all tests would take too long has a few test targets only (deploy/test-threads.sh).
if let wanted = Context.environment["ONLY_TEST_TARGETS"]?.split(separator: ",").map(String.init) {
    package.targets.removeAll { $0.type == .test && !wanted.contains($0.name) }
}

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

let package = Package(
    name: "ocpp-gateway",
    products: [
        .executable(name: "ocpp-gateway", targets: ["ocpp-gateway"]),
        .executable(name: "charge-point-simulator", targets: ["charge-point-simulator"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.0"),
        .package(url: "https://github.com/apple/swift-certificates", from: "1.21.0"),
        .package(url: "https://github.com/apple/swift-asn1", from: "1.7.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.6.3"),
        .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0", traits: []),
        .package(url: "https://github.com/jpsim/Yams", from: "6.0.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.3.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.8.0"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", exact: "0.2.0"),
    ],
    targets: [
        .systemLibrary(
            name: "CMosquitto",
            pkgConfig: "libmosquitto",
            providers: [.apt(["libmosquitto-dev"])]
        ),
        .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .target(name: "OutsideNames", swiftSettings: strict),
        .target(name: "MemoryBudget", swiftSettings: strict),
        .target(name: "JSONText", swiftSettings: strict),
        .target(name: "SchemaChecking", dependencies: ["JSONText"], swiftSettings: strict),
        .target(name: "OCPPJ", dependencies: ["OutsideNames", "JSONText", nio], swiftSettings: strict),
        .target(
            name: "BrokerLink",
            dependencies: [
                "OutsideNames", "MemoryBudget", "CMosquitto", "COpenSSL", nio, logging,
                .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "HeapModule", package: "swift-collections"),
            ],
            swiftSettings: strict
        ),
        .target(
            name: "ChargePointSessions",
            dependencies: [
                "OutsideNames", "MemoryBudget", "JSONText", "OCPPJ", "SchemaChecking", nio, logging,
                .product(name: "DequeModule", package: "swift-collections"),
            ],
            swiftSettings: strict
        ),
        .target(
            name: "WebSocketFrontEnd",
            dependencies: [
                "OutsideNames", "MemoryBudget", "CZlib", nio, nioPosix, nioHTTP1, nioWebSocket, nioSSL, nioTLS, x509,
                asn1,
                logging,
            ],
            swiftSettings: strict
        ),
        .target(name: "Authentication", dependencies: ["OutsideNames"], swiftSettings: strict),
        .target(
            name: "Gateway",
            dependencies: [
                "OutsideNames", "MemoryBudget", "OCPPJ", "SchemaChecking", "CMosquitto", "BrokerLink",
                "ChargePointSessions", "WebSocketFrontEnd", "Authentication",
                nioPosix, logging, lifecycle, unixSignals,
                .product(name: "Configuration", package: "swift-configuration"),
                .product(name: "Yams", package: "Yams"),
            ],
            swiftSettings: strict
        ),
        .executableTarget(
            name: "ocpp-gateway",
            dependencies: ["Gateway", arguments],
            swiftSettings: strict
        ),
        .target(
            name: "ChargePointSimulator",
            dependencies: [
                "OutsideNames", "BrokerLink", "CMosquitto", nio, nioPosix, nioHTTP1, nioWebSocket, nioSSL, logging,
                .product(name: "Histogram", package: "hdrhistogram-swift"),
            ],
            swiftSettings: strict
        ),
        .executableTarget(
            name: "charge-point-simulator",
            dependencies: ["ChargePointSimulator", logging, arguments],
            swiftSettings: strict
        ),
        .target(name: "CSpawn", path: "Tests/CSpawn"),
        .target(name: "SpawnedProcess", dependencies: ["CSpawn"], path: "Tests/SpawnedProcess", swiftSettings: strict),
        .target(name: "ReferenceJSON", path: "Tests/ReferenceJSON", swiftSettings: strict),
        .testTarget(name: "OutsideNamesTests", dependencies: ["OutsideNames"], swiftSettings: strict),
        .testTarget(name: "MemoryBudgetTests", dependencies: ["MemoryBudget"], swiftSettings: strict),
        .testTarget(name: "JSONTextTests", dependencies: ["JSONText", "ReferenceJSON"], swiftSettings: strict),
        .testTarget(
            name: "OCPPJTests", dependencies: ["OutsideNames", "OCPPJ", "ReferenceJSON", nio], swiftSettings: strict),
        .testTarget(
            name: "SchemaCheckingTests",
            dependencies: ["SpawnedProcess", "SchemaChecking", "JSONText"],
            exclude: ["Judge"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "BrokerLinkTests",
            dependencies: ["OutsideNames", "MemoryBudget", "SpawnedProcess", "BrokerLink", nioPosix],
            swiftSettings: strict),
        .testTarget(
            name: "ChargePointSessionsTests",
            dependencies: [
                "OutsideNames", "MemoryBudget", "ChargePointSessions", "OCPPJ", nio, nioPosix, logging,
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "WebSocketFrontEndTests",
            dependencies: [
                "OutsideNames", "SpawnedProcess", "ReferenceJSON", "WebSocketFrontEnd", "CZlib", nio, nioPosix,
                nioEmbedded, nioHTTP1,
                nioWebSocket, nioSSL, logging,
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "ChargePointSimulatorTests",
            dependencies: [
                "OutsideNames", "SpawnedProcess", "ChargePointSimulator", "BrokerLink", "SchemaChecking", "JSONText",
                nio, nioPosix, nioHTTP1, nioWebSocket, logging,
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "GatewayTests", dependencies: ["OutsideNames", "SpawnedProcess", "Gateway"], swiftSettings: strict),
        .testTarget(
            name: "IntegrationTests",
            dependencies: ["SpawnedProcess", "ocpp-gateway", nio, nioPosix, nioSSL],
            exclude: ["Resources"],
            swiftSettings: strict
        ),
    ]
)

import BackendTestSupport
import CredentialChecking
import Foundation
import TestSupport

@testable import RedisAuthenticator

/// A Redis of these tests' own.
struct RedisServer {
    static let password = "backend's password"

    let server: BackendServer
    let port: Int

    /// - Parameter arguments: what is not the same for all.
    init(_ arguments: [String] = [], directory: String? = nil) throws {
        let port = try freePort()
        let directory = try directory ?? BackendServer.newDirectory("redis")
        self.port = port
        server = BackendServer(
            command: [
                "redis-server", "--port", "\(port)", "--bind", "127.0.0.1", "--dir", directory, "--save", "",
                "--appendonly", "yes", "--appendfsync", "always", "--requirepass", Self.password,
            ] + arguments,
            directory: directory, port: port)
        try server.start()
    }

    @discardableResult
    func command(_ words: String..., password: String? = Self.password) throws -> String {
        try BackendServer.run(
            ["redis-cli", "--no-auth-warning", "-e", "-c", "-p", "\(port)"] + words,
            environment: password.map { ["REDISCLI_AUTH": $0] } ?? [:])
    }

    /// The keys of the documentation's example.
    func fill() throws {
        try command(
            "HSET", "mqtt_user:CP-1", "password_hash", "hash-1", "salt", "salt-1", "is_superuser", "1",
            "security_profile", "2")
        try command("HSET", "mqtt_user:O'Hara", "password_hash", "hash-q")
        try command("HSET", "mqtt_user:CP-EMPTY", "password_hash", "", "salt", "s")
        try command("HSET", "mqtt_user:CP-NULL", "salt", "s")
        try command("HSET", "mqtt_user:CP-9", "password_hash", "hash-9", "security_profile", "9")
        try command("SET", "mqtt_user:CP-TEXT", "no hash table")
    }
}

/// Which a suite shares.
struct SingleRedis {
    static let shared = Result { try SingleRedis() }

    let redis: RedisServer
    let tlsPort: Int
    let certificates: BackendCertificates

    init() throws {
        let directory = try BackendServer.newDirectory("redis")
        certificates = try BackendCertificates(directory: directory)
        tlsPort = try freePort()
        redis = try RedisServer(
            [
                "--tls-port", "\(tlsPort)", "--tls-cert-file", certificates.certificateFile, "--tls-key-file",
                certificates.keyFile, "--tls-ca-cert-file", certificates.caFile, "--tls-auth-clients", "no",
            ], directory: directory)
        try redis.fill()
        try redis.command("-n", "3", "HSET", "mqtt_user:CP-3", "password_hash", "hash-3")
    }

    func configuration(
        host: String = "127.0.0.1", port: Int? = nil, password: String? = RedisServer.password,
        command: String = "HMGET mqtt_user:${username} password_hash salt is_superuser security_profile",
        tls: BackendTLS = BackendTLS(), limits: PoolLimits = .patient(size: 4)
    ) -> RedisConfiguration {
        RedisConfiguration(
            server: "\(host):\(port ?? (tls.isEnabled ? tlsPort : redis.port))", password: password, command: command,
            tls: tls, limits: limits)
    }
}

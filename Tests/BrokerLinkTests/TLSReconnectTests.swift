import BrokerLink
import Foundation
import NIOCore
import NIOPosix
import OutsideNames
import TestSupport
import Testing

/// Whatever way TLS is set up: the second connection of a client must do what the first did.
@Suite(.timeLimit(.minutes(2)))
struct TLSReconnectTests {
    enum Way: CaseIterable {
        case authorityFile, clientCertificate, encryptedKey, withoutVerification
    }

    private func configuration(_ broker: TestBroker, _ way: Way, port: Int) -> BrokerLinkConfiguration {
        func file(_ name: String) -> String { broker.folder.appendingPathComponent(name).path }
        var configuration = testConfiguration(port: port)
        configuration.addresses[0].usesTLS = true
        switch way {
        case .authorityFile: configuration.tls.caFile = file("ca.pem")
        case .clientCertificate:
            configuration.tls.caFile = file("ca.pem")
            configuration.tls.certificateFile = file("client.pem")
            configuration.tls.keyFile = file("client.key")
        case .encryptedKey:
            configuration.tls.caFile = file("ca.pem")
            configuration.tls.certificateFile = file("client.pem")
            configuration.tls.keyFile = file("client-encrypted.key")
            configuration.tls.keyPassword = "key-secret"
        case .withoutVerification: configuration.tls.verify = false
        }
        return configuration
    }

    private func listener(_ way: Way) -> [String] {
        switch way {
        case .authorityFile, .withoutVerification: []
        case .clientCertificate, .encryptedKey: ["require_certificate true"]
        }
    }

    @Test(arguments: Way.allCases)
    func `Every connection comes back`(way: Way) async throws {
        let broker = try await tlsBroker(listener(way))
        let proxy = try await TCPProxy.start(target: broker.port)
        var configuration = configuration(broker, way, port: proxy.port)
        configuration.connections = 2
        configuration.sessions = .perChargePoint
        try await withLink(configuration) { gateway in
            #expect(await gateway.isUp())
            let answer = try await gateway.link.logIn(
                BrokerLogin(clientID: "CP1"), forTopic: "cs/CP1", on: MultiThreadedEventLoopGroup.singleton.next()
            ).get()
            guard case .accepted(let own) = answer else {
                Issue.record("\(answer)")
                return
            }
            let session = RecordingSubscriber()
            own.subscribe(topic: "cs/CP1", subscriber: session)
            #expect(await eventually { session.isSubscribed })
            for _ in 0..<2 {
                proxy.refuse()
                #expect(await eventually { !gateway.link.connections.contains(where: \.isUp) && !own.isUp })
                proxy.pass()
                #expect(await eventually { gateway.link.isUp && own.isUp })
            }
            let before = session.payloads.count
            #expect(
                await eventually {
                    gateway.publish("cs/CP1", "again")
                    return session.payloads.count > before
                })
        }
    }

    /// The new authority did not sign the old certificate: only who has read the files again is let in.
    @Test func `Certificates that are replaced count at the next connection`() async throws {
        let broker = try await tlsBroker(["require_certificate true"])
        try await withLink(configuration(broker, .clientCertificate, port: broker.port)) { gateway in
            #expect(await gateway.isUp())
            await broker.kill()
            // Halfway through: what was read before is used, and the log says so.
            let key = broker.folder.appendingPathComponent("client.key")
            let kept = try Data(contentsOf: key)
            try Data("no key".utf8).write(to: key)
            try await broker.start()
            #expect(await gateway.isUp())
            #expect(gateway.log.contains("error the TLS files for the broker cannot be used: what was read before is"))
            #expect(gateway.log.contains("client.key: the private key cannot be read"))
            try kept.write(to: key)
            await broker.kill()
            try makeTLSFiles(in: broker.folder)
            try await broker.start()
            #expect(await gateway.isUp())
        }
    }

    @Test func `The password file is read anew for each connection`() async throws {
        let broker = try await TestBroker(
            listener: ["password_file $FOLDER/passwords"], anonymous: false,
            files: ["passwords": "", "secret": "first\nsecond line\n"])
        let passwords = broker.folder.appendingPathComponent("passwords").path
        let secret = broker.folder.appendingPathComponent("secret")
        _ = try await run("mosquitto_passwd", ["-b", passwords, "gateway", "first"])
        try await broker.start()
        var configuration = testConfiguration(port: broker.port)
        (configuration.username, configuration.passwordFile) = ("gateway", secret.path)
        try await withLink(configuration) { gateway in
            #expect(await gateway.isUp())
            await broker.kill()
            _ = try await run("mosquitto_passwd", ["-b", passwords, "gateway", "other"])
            try await broker.start()
            #expect(await eventually { gateway.log.contains("error the broker refuses the connection") })
            try Data("other\n".utf8).write(to: secret)
            #expect(await gateway.isUp())
            // Gone: the last password is as good as any.
            try FileManager.default.removeItem(at: secret)
            await broker.kill()
            try await broker.start()
            #expect(await gateway.isUp())
            #expect(gateway.log.contains("error the password file for the broker cannot be used"))
            #expect(!gateway.log.contains("=other"))
        }
    }
}

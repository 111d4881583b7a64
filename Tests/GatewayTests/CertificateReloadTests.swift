import NIOPosix
import Settings
import TestSupport
import Testing
import WebSocketFrontEnd

@testable import Gateway

/// What SIGHUP says: of every file that is read again, and that there is none only where there is none.
@Suite struct CertificateReloadTests {
    /// What is logged, without reasons, when no listener has certificates.
    private func lines(
        broker: [String] = [], authenticator: [String] = [], hasOthers: Bool = false
    ) async -> [String] {
        let lines = LogLines()
        let group = MultiThreadedEventLoopGroup.singleton
        await CertificateReload(
            listeners: ListenerSet(group: group, logger: lines.logger), brokerFiles: broker,
            authenticatorFiles: authenticator,
            logger: lines.logger
        ).reloadAll(hasOthers: hasOthers)
        return lines.all.map { String($0.split(separator: " reason=", maxSplits: 1)[0]) }
    }

    @Test func `Nothing to reload is said where no setting names a file that is read again`() async {
        #expect(
            await lines() == [
                "info nothing to reload: no setting names a file that is read again while the gateway runs"
            ])
        #expect(await lines(hasOthers: true).isEmpty, "management has said of its own what became of them")
    }

    @Test func `Files that are read at each connect are named, and what comes of one that cannot be read`() async throws
    {
        let file = try TemporaryFile("x")
        #expect(
            await lines(broker: [file.path, "/nowhere"]) == [
                "notice files for the broker are read at each connect to it files=\(file.path), /nowhere",
                "error a file for the broker cannot be read: the next connect goes on with what was read before"
                    + " files=/nowhere",
            ])
        #expect(
            await lines(authenticator: ["/nowhere"]) == [
                "notice files for the authenticator's server are read at each connect to it files=/nowhere",
                "error a file for the authenticator's server cannot be read: the next connect will fail files=/nowhere",
            ])
    }

    @Test(arguments: [("redis", true), ("http", false)])
    func `The authenticator's are those of a backend that reads them at each connection`(
        backend: String, isNamed: Bool
    ) throws {
        let file = try TemporaryFile("x")
        var settings = ["AUTHENTICATION_BACKEND": backend, "AUTHENTICATION_SSL_CACERTFILE": file.path]
        if backend == "http" { settings["AUTHENTICATION_URL"] = "https://h/${clientid}" }
        #expect(try load(settings).configuration.authentication.filesOfConnections.isEmpty, "TLS is off")
        settings["AUTHENTICATION_SSL_ENABLE"] = "true"
        let found = try load(settings).configuration.authentication.filesOfConnections
        #expect(found == (isNamed ? [file.path] : []))
    }

    @Test func `The file with our password at the backend is one of them`() throws {
        let file = try TemporaryFile("s3cr3t\n")
        for (name, value) in [("PASSWORD_FILE", file.path), ("PASSWORD", "file://" + file.path)] {
            let settings = ["AUTHENTICATION_BACKEND": "redis", "AUTHENTICATION_\(name)": value]
            #expect(try load(settings).configuration.authentication.filesOfConnections == [file.path])
        }
    }
}

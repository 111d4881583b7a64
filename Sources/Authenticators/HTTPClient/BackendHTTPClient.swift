import AsyncHTTPClient
import CredentialChecking
import NIOCore
import NIOFoundationCompat
import NIOHTTP1
import NIOPosix
import NIOSSL
import Synchronization

/// Requests to an HTTP server that decides, or that has keys: no redirects, bounded answers, an event loop of its own.
package final class BackendHTTPClient: Sendable {
    package struct Answer: Sendable, Equatable {
        package var status: Int
        package var contentType: String?
        package var retryAfter: String?
        package var body: [UInt8]
    }

    private let client: HTTPClient
    private let url: BackendURL
    /// What stands in the URL's place of the host: the name that TLS is to send and check.
    private let name: String
    /// No name is to be sent: an address stands in the host's place, since TLS sends none of these.
    private let hidesName: Bool
    private let requestTimeout: Duration
    private let isStopped = Atomic(false)

    /// - Parameters:
    ///   - url: its scheme decides about TLS, its host is resolved anew for each connection.
    ///   - poolSize: connections at a time at most.
    /// - Throws: a certificate or key file that cannot be used.
    package init(
        url: BackendURL, tls: BackendTLS, poolSize: Int, connectTimeout: Duration, requestTimeout: Duration
    ) throws {
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow,
            timeout: .init(connect: TimeAmount(connectTimeout), read: TimeAmount(requestTimeout)),
            connectionPool: .init(idleTimeout: .seconds(60), concurrentHTTP1ConnectionsPerHostSoftLimit: poolSize),
            decompression: .disabled)
        configuration.httpVersion = .http1Only
        // Whoever asks has a breaker or a pause of its own. The client's would keep a request of an outage for all of the
        // time to connect, and grow to a minute: so long a server that is back would not be asked.
        configuration.connectionPool.retryConnectionEstablishment = false
        name =
            if case .named(let name) = tls.serverName { name } else { url.host }
        hidesName = url.isEncrypted && tls.serverName == .disabled
        if !name.utf8.elementsEqual(url.host.utf8) { configuration.dnsOverride[name] = url.host }
        if url.isEncrypted { configuration.tlsConfiguration = try tls.clientConfiguration() }
        client = HTTPClient(
            eventLoopGroupProvider: .shared(Self.eventLoops.next()), configuration: configuration)
        self.url = url
        self.requestTimeout = requestTimeout
    }

    /// One thread serves all of them, and is never one of the charge points'.
    private static let eventLoops = MultiThreadedEventLoopGroup(numberOfThreads: 1)

    /// - Parameters:
    ///   - target: path and query.
    ///   - bodyLimit: bytes; a longer answer is nonsense.
    /// - Throws: `BackendFailure`; what a server says is in it only as a status or as TLS's and TCP's own words.
    package func send(
        _ method: HTTPMethod, target: String, headers: [(name: String, value: String)], body: [UInt8]? = nil,
        bodyLimit: Int
    ) async throws(BackendFailure) -> Answer {
        do {
            return try await sendOnce(method, target: target, headers: headers, body: body, bodyLimit: bodyLimit)
        } catch let error as HTTPClientError where error == .remoteConnectionClosed {
            // An idle connection may have been closed just when it was taken: once more, on a fresh one.
            do {
                return try await sendOnce(method, target: target, headers: headers, body: body, bodyLimit: bodyLimit)
            } catch {
                throw Self.failure(error)
            }
        } catch {
            throw Self.failure(error)
        }
    }

    private func sendOnce(
        _ method: HTTPMethod, target: String, headers: [(name: String, value: String)], body: [UInt8]?, bodyLimit: Int
    ) async throws -> Answer {
        let hosts = try await hidesName ? addresses() : [name]
        var last: (any Error)?
        for host in hosts {
            do {
                return try await send(
                    method, to: host, target: target, headers: headers, body: body, bodyLimit: bodyLimit)
            } catch let error as HTTPClientError where error == .connectTimeout {
                last = error
            } catch let error as NIOConnectionError {
                last = error
            }
        }
        throw last ?? ConnectionFault.lost("the name has no address")
    }

    /// The host's, asked for anew each time; on a thread that may wait.
    private func addresses() async throws -> [String] {
        try await NIOThreadPool.singleton.runIfActive { [host = url.host] in try HostAddresses.of(host) }
    }

    private func send(
        _ method: HTTPMethod, to host: String, target: String, headers: [(name: String, value: String)],
        body: [UInt8]?, bodyLimit: Int
    ) async throws -> Answer {
        var request = HTTPClientRequest(url: url.origin(host: host) + target)
        request.method = method
        request.headers = HTTPHeaders(headers.map { ($0.name, $0.value) })
        if !request.headers.contains(name: "host") { request.headers.add(name: "host", value: hostHeader) }
        if let body { request.body = .bytes(ByteBuffer(bytes: body)) }
        let deadline = ContinuousClock.now + requestTimeout
        let response = try await client.execute(request, timeout: TimeAmount(requestTimeout))
        let content = try await Self.content(of: response, limit: bodyLimit, until: deadline)
        return Answer(
            status: Int(response.status.code), contentType: response.headers.first(name: "content-type"),
            retryAfter: response.headers.first(name: "retry-after"), body: content)
    }

    /// The client's own time for a request ends with the head: a body that came byte by byte would take for ever.
    private static func content(
        of response: HTTPClientResponse, limit: Int, until deadline: ContinuousClock.Instant
    ) async throws -> [UInt8] {
        var content: [UInt8] = []
        for try await part in response.body {
            guard ContinuousClock.now < deadline else {
                throw BackendFailure(.unreachable, reason: "HTTP: the answer does not end in time")
            }
            guard part.readableBytes <= limit - content.count else {
                throw BackendFailure(.nonsense, reason: "the HTTP server's answer is longer than \(limit) bytes")
            }
            content += part.readableBytesView
        }
        return content
    }

    private var hostHeader: String {
        let shown = url.host.utf8.contains(UInt8(ascii: ":")) ? "[\(url.host)]" : url.host
        return url.port == (url.isEncrypted ? 443 : 80) ? shown : "\(shown):\(url.port)"
    }

    private static func failure(_ error: any Error) -> BackendFailure {
        switch error {
        case let failure as BackendFailure: failure
        case let fault as ConnectionFault: fault.failure
        // It has answered, with what is no HTTP; one that hangs up in the middle of it has not.
        case let error as HTTPParserError where error != .invalidEOFState:
            BackendFailure(.nonsense, reason: "the answer is no HTTP: \(error)")
        case is NIOHTTPDecoderError: BackendFailure(.nonsense, reason: "an answer before it was asked for")
        case is CancellationError: BackendFailure(.unreachable, reason: "the charge point has gone")
        case let error as HTTPClientError: BackendFailure(.unreachable, reason: "HTTP: \(error.shortDescription)")
        case let error as NIOConnectionError:
            BackendFailure(
                .unreachable,
                reason: "cannot connect: \(error.connectionErrors.first.map { "\($0.error)" } ?? "no address")")
        default: BackendFailure(.unreachable, reason: "\(error)")
        }
    }

    /// Ends all connections; to be called once it is not used any more.
    package func shutDown() async {
        guard !isStopped.exchange(true, ordering: .relaxed) else { return }
        try? await client.shutdown()
    }

    deinit {
        guard !isStopped.load(ordering: .relaxed) else { return }
        client.shutdown { _ in }
    }
}

extension BackendTLS {
    /// For NIOSSL.
    package func clientConfiguration() throws -> TLSConfiguration {
        var configuration = TLSConfiguration.makeClientConfiguration()
        if let caFile {
            configuration.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(Self.contents(of: caFile)))
        }
        if let certificateFile {
            configuration.certificateChain = try NIOSSLCertificate.fromPEMBytes(Self.contents(of: certificateFile))
                .map { .certificate($0) }
        }
        if let keyFile {
            let password = keyPassword.map { Array($0.utf8) }
            let key = try NIOSSLPrivateKey(bytes: Self.contents(of: keyFile), format: .pem) { set in
                set(password ?? [])
            }
            configuration.privateKey = .privateKey(key)
        }
        configuration.minimumTLSVersion = versions.min()?.nio ?? .tlsv12
        configuration.maximumTLSVersion = versions.max()?.nio
        configuration.certificateVerification =
            switch (verifiesPeer, serverName) {
            case (false, _): .none
            case (true, .disabled): .noHostnameVerification
            case (true, _): .fullVerification
            }
        return configuration
    }
}

extension BackendTLS.Version {
    fileprivate var nio: TLSVersion {
        switch self {
        case .tls10: .tlsv1
        case .tls11: .tlsv11
        case .tls12: .tlsv12
        case .tls13: .tlsv13
        }
    }
}

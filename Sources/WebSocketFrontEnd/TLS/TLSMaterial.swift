import NIOCore
import NIOSSL
import X509

/// The certificates, key, authorities and revocation lists of a listener as they were read at one moment.
struct TLSMaterial: Sendable {
    let context: NIOSSLContext
    /// Nil: no client certificate is asked for.
    let verifier: ClientCertificateVerifier?
    /// When the first certificate of the listener's chain ends, in seconds since 1970.
    let certificateEnd: Int64?

    /// Reads the files.
    init(_ options: TLSOptions) throws(TLSProblems) {
        var problems: [TLSProblem] = []
        let chain = Self.collect(&problems) { () throws(TLSProblem) in try Self.chain(options.certificateFile) }
        let key = Self.collect(&problems) { () throws(TLSProblem) in try Self.key(options) }
        let authorities = Self.collect(&problems) { () throws(TLSProblem) in try Self.authorities(options) }
        let revocation = Self.collect(&problems) { () throws(TLSProblem) in
            try RevocationLists(file: options.revocationFile, authorities: authorities?.certificates ?? [])
        }
        guard problems.isEmpty, let chain, let key, let authorities, let revocation else {
            throw TLSProblems(problems: problems)
        }
        do throws(TLSProblem) {
            context = try Self.context(options, chain: chain, key: key, authorities: authorities.forTLS)
        } catch {
            throw TLSProblems(problems: [error])
        }
        certificateEnd = chain.map { Int64($0.notValidAfter) }.min()
        verifier =
            options.verifiesPeer
            ? ClientCertificateVerifier(
                authorities: authorities.certificates, revocation: revocation, depth: options.depth)
            : nil
    }

    private static func collect<Part>(
        _ problems: inout [TLSProblem], _ part: () throws(TLSProblem) -> Part
    ) -> Part? {
        do throws(TLSProblem) {
            return try part()
        } catch {
            problems.append(error)
            return nil
        }
    }

    private static func chain(_ path: String) throws(TLSProblem) -> [NIOSSLCertificate] {
        let bytes = try TLSFile.read(path, .certfile)
        guard let chain = try? NIOSSLCertificate.fromPEMBytes(bytes), !chain.isEmpty else {
            throw TLSProblem(option: .certfile, reason: "expected a file with a certificate in PEM")
        }
        return chain
    }

    private static func key(_ options: TLSOptions) throws(TLSProblem) -> NIOSSLPrivateKey {
        let bytes = try TLSFile.read(options.keyFile, .keyfile)
        let password = Array((options.keyPassword ?? "").utf8)
        // Without a callback the library would ask on the terminal.
        let key = try? NIOSSLPrivateKey(bytes: bytes, format: .pem) { setPassword in setPassword(password) }
        if let key { return key }
        guard bytes.firstRange(of: Array("ENCRYPTED".utf8)) != nil else {
            throw TLSProblem(option: .keyfile, reason: "expected a file with a private key in PEM")
        }
        let isMissing = options.keyPassword == nil
        throw TLSProblem(
            option: .password,
            reason: isMissing
                ? "expected to be set, because the key is encrypted" : "expected the password of the encrypted key")
    }

    private typealias Authorities = (forTLS: [NIOSSLCertificate], certificates: [Certificate])

    private static func authorities(_ options: TLSOptions) throws(TLSProblem) -> Authorities {
        guard let path = options.authorityFile else { return ([], []) }
        let bytes = try TLSFile.read(path, .cacertfile)
        guard let forTLS = try? NIOSSLCertificate.fromPEMBytes(bytes), !forTLS.isEmpty,
            let certificates = try? forTLS.map({ try Certificate(derEncoded: $0.toDERBytes()) })
        else {
            throw TLSProblem(option: .cacertfile, reason: "expected a file with certificates in PEM")
        }
        return (forTLS, certificates)
    }

    private static func context(
        _ options: TLSOptions, chain: [NIOSSLCertificate], key: NIOSSLPrivateKey, authorities: [NIOSSLCertificate]
    ) throws(TLSProblem) -> NIOSSLContext {
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
        configuration.minimumTLSVersion = options.versions.lowerBound.forTLS
        configuration.maximumTLSVersion = options.versions.upperBound.forTLS
        if let names = options.ciphers {
            guard names.allSatisfy(TLSCiphers.isKnown) else {
                throw TLSProblem(option: .ciphers, reason: "expected cipher suites that are known")
            }
            if let list = TLSCiphers.list(names) { configuration.cipherSuites = list }
        }
        if options.verifiesPeer {
            configuration.certificateVerification =
                options.requiresPeerCertificate ? .noHostnameVerification : .optionalVerification
            configuration.trustRoots = .certificates(authorities)
            configuration.sendCANameList = true
        }
        do {
            return try NIOSSLContext(configuration: configuration)
        } catch {
            throw TLSProblem(
                option: .keyfile, reason: "expected the key of the certificate in ssl_options.certfile")
        }
    }
}

extension TLSOptions {
    /// All problems with the files and what they hold; empty: a listener can start with them.
    package var problems: [TLSProblem] {
        do throws(TLSProblems) {
            _ = try TLSMaterial(self)
            return []
        } catch {
            return error.problems
        }
    }
}

extension TLSOptions.Version {
    fileprivate var forTLS: TLSVersion {
        switch self {
        case .v10: .tlsv1
        case .v11: .tlsv11
        case .v12: .tlsv12
        case .v13: .tlsv13
        }
    }
}

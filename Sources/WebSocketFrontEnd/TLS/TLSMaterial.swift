import NIOCore
import NIOSSL
import TLSSessions
import X509

/// The certificates, key, authorities and revocation lists of a listener as they were read at one moment.
struct TLSMaterial: Sendable {
    let context: TLSServerContext
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

    private static func key(_ options: TLSOptions) throws(TLSProblem) -> TLSPrivateKey {
        let bytes = try TLSFile.read(options.keyFile, .keyfile)
        let key = try? TLSPrivateKey(pem: bytes, password: Array((options.keyPassword ?? "").utf8))
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
        _ options: TLSOptions, chain: [NIOSSLCertificate], key: TLSPrivateKey, authorities: [NIOSSLCertificate]
    ) throws(TLSProblem) -> TLSServerContext {
        if let names = options.ciphers, !names.allSatisfy(TLSCiphers.isKnown) {
            throw TLSProblem(option: .ciphers, reason: "expected cipher suites that are known")
        }
        do {
            return try TLSServerContext(
                chain: chain.map { try $0.toDERBytes() }, key: key,
                versions: (options.versions.lowerBound.forTLS, options.versions.upperBound.forTLS),
                ciphers: options.ciphers.flatMap(TLSCiphers.list) ?? defaultCipherSuites,
                clientCertificates: options.clientCertificates, authorities: authorities.map { try $0.toDERBytes() })
        } catch {
            let fault = error as? TLSFault
            let isOther = ["KEY_VALUES_MISMATCH", "KEY_TYPE_MISMATCH"].contains(fault?.name)
            let expected = isOther ? "the key of the certificate in ssl_options.certfile" : "one that TLS can use"
            let name = isOther ? "" : " (\(fault?.words ?? "\(error)"))"
            throw TLSProblem(option: .keyfile, reason: "expected \(expected)\(name)")
        }
    }
}

extension TLSOptions {
    fileprivate var clientCertificates: TLSServerContext.ClientCertificates {
        guard verifiesPeer else { return .notAsked }
        return requiresPeerCertificate ? .required : .optional
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
    fileprivate var forTLS: TLSServerContext.Version {
        switch self {
        case .v10: .v10
        case .v11: .v11
        case .v12: .v12
        case .v13: .v13
        }
    }
}

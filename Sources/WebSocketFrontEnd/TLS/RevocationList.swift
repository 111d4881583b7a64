import SwiftASN1
import X509

/// One certificate revocation list (RFC 5280, 5). The libraries check none: this reads it, and the signature is checked
/// with swift-certificates.
struct RevocationList: Sendable {
    struct Unusable: Error {
        var reason: String
    }

    let issuer: DistinguishedName
    private let thisUpdate: Int64
    private let nextUpdate: Int64?
    private let revoked: Set<[UInt8]>
    private let signedBytes: [UInt8]
    private let signature: [UInt8]
    private let algorithm: Certificate.SignatureAlgorithm

    /// - Parameter bytes: The DER of a `CertificateList`.
    init(der bytes: ArraySlice<UInt8>) throws {
        let parts = try DER.sequence(try DER.parse(bytes), identifier: .sequence) { nodes in
            guard let list = nodes.next(), let algorithm = nodes.next(), let signature = nodes.next() else {
                throw Unusable(reason: "it is cut short")
            }
            return (list: list, algorithm: algorithm, signature: try ASN1BitString(derEncoded: signature))
        }
        signedBytes = Array(parts.list.encodedBytes)
        self.signature = Array(parts.signature.bytes)
        self.algorithm = try Self.algorithm(parts.algorithm)
        let contents = try Self.contents(parts.list, signedWith: parts.algorithm)
        issuer = contents.issuer
        thisUpdate = contents.thisUpdate
        nextUpdate = contents.nextUpdate
        revoked = contents.revoked
    }

    func revokes(_ certificate: Certificate) -> Bool {
        revoked.contains(Array(certificate.serialNumber.bytes))
    }

    /// Why it says nothing about this moment.
    func outdated(at now: Int64) -> String? {
        if now < thisUpdate { return "is not valid before \(CertificateTime.text(thisUpdate))" }
        guard let nextUpdate, now > nextUpdate else { return nil }
        return "is out of date since \(CertificateTime.text(nextUpdate))"
    }

    /// Whether an authority may sign revocation lists at all (RFC 5280, 4.2.1.3).
    static func maySign(_ authority: Certificate) -> Bool {
        guard let usage = try? authority.extensions.keyUsage else { return true }
        return usage.cRLSign
    }

    func hasSignature(of key: Certificate.PublicKey) -> Bool {
        key.isValidSignature(signature, for: signedBytes, signatureAlgorithm: algorithm)
    }

    // MARK: Reading

    private typealias Contents = (
        issuer: DistinguishedName, thisUpdate: Int64, nextUpdate: Int64?, revoked: Set<[UInt8]>
    )

    /// `TBSCertList`.
    private static func contents(_ node: ASN1Node, signedWith algorithm: ASN1Node) throws -> Contents {
        try DER.sequence(node, identifier: .sequence) { nodes in
            var next = nodes.next()
            if let version = next, version.identifier == .integer {
                guard try Int(derEncoded: version) == 1 else { throw Unusable(reason: "its version is not known") }
                next = nodes.next()
            }
            guard let inner = next, inner.encodedBytes == algorithm.encodedBytes else {
                throw Unusable(reason: "it names two signature algorithms")
            }
            guard let issuer = nodes.next(), let thisUpdate = nodes.next() else {
                throw Unusable(reason: "it is cut short")
            }
            next = nodes.next()
            var nextUpdate: Int64?
            if let node = next, node.identifier == .utcTime || node.identifier == .generalizedTime {
                nextUpdate = try CertificateTime.seconds(node)
                next = nodes.next()
            }
            var revoked: Set<[UInt8]> = []
            if let node = next, node.identifier == .sequence {
                revoked = try self.revoked(node)
                next = nodes.next()
            }
            if let node = next {
                try checkExtensions(node)
            }
            // Nothing may come behind; `DER.sequence` says so.
            return (
                try DistinguishedName(derEncoded: issuer), try CertificateTime.seconds(thisUpdate), nextUpdate, revoked
            )
        }
    }

    private static func revoked(_ node: ASN1Node) throws -> Set<[UInt8]> {
        guard case .constructed(let entries) = node.content else { throw Unusable(reason: "its entries are no list") }
        var serials: Set<[UInt8]> = []
        for entry in entries {
            let serial = try DER.sequence(entry, identifier: .sequence) { nodes in
                guard let serial = nodes.next(), nodes.next() != nil else {
                    throw Unusable(reason: "an entry is cut short")
                }
                if let extensions = nodes.next() { try checkExtensionList(extensions) }
                return try ArraySlice<UInt8>(derEncoded: serial)
            }
            serials.insert(Array(serial))
        }
        return serials
    }

    /// `[0] EXPLICIT Extensions`.
    private static func checkExtensions(_ node: ASN1Node) throws {
        let tag = ASN1Identifier(tagWithNumber: 0, tagClass: .contextSpecific)
        guard node.identifier == tag, case .constructed(let children) = node.content else {
            throw Unusable(reason: "it holds something unknown")
        }
        for child in children { try checkExtensionList(child) }
    }

    /// A critical extension changes what the list means: delta lists, and lists for other issuers' certificates.
    private static func checkExtensionList(_ node: ASN1Node) throws {
        guard case .constructed(let extensions) = node.content else { throw Unusable(reason: "a bad extension") }
        for node in extensions {
            let parts: (ASN1ObjectIdentifier, Bool) = try DER.sequence(node, identifier: .sequence) { nodes in
                guard let oid = nodes.next(), var next = nodes.next() else { throw Unusable(reason: "a bad extension") }
                var isCritical = false
                if next.identifier == .boolean {
                    isCritical = try Bool(derEncoded: next)
                    guard let value = nodes.next() else { throw Unusable(reason: "a bad extension") }
                    next = value
                }
                return (try ASN1ObjectIdentifier(derEncoded: oid), isCritical)
            }
            if parts.1 { throw Unusable(reason: "its critical extension \(parts.0) is not supported") }
        }
    }

    private static let algorithms: [(ASN1ObjectIdentifier, Certificate.SignatureAlgorithm)] = [
        ([1, 2, 840, 10045, 4, 3, 2], .ecdsaWithSHA256), ([1, 2, 840, 10045, 4, 3, 3], .ecdsaWithSHA384),
        ([1, 2, 840, 10045, 4, 3, 4], .ecdsaWithSHA512), ([1, 2, 840, 113549, 1, 1, 11], .sha256WithRSAEncryption),
        ([1, 2, 840, 113549, 1, 1, 12], .sha384WithRSAEncryption),
        ([1, 2, 840, 113549, 1, 1, 13], .sha512WithRSAEncryption), ([1, 3, 101, 112], .ed25519),
    ]

    private static func algorithm(_ node: ASN1Node) throws -> Certificate.SignatureAlgorithm {
        let oid = try DER.sequence(node, identifier: .sequence) { nodes in
            guard let oid = nodes.next() else { throw Unusable(reason: "it has no signature algorithm") }
            _ = nodes.next()
            return try ASN1ObjectIdentifier(derEncoded: oid)
        }
        guard let known = algorithms.first(where: { $0.0 == oid }) else {
            throw Unusable(reason: "its signature algorithm \(oid) is not supported")
        }
        return known.1
    }
}

import SwiftASN1
import X509

/// The revocation lists of a listener. With any, each certificate below the trusted authority must be covered by a
/// list that is in force, or the client is refused.
struct RevocationLists: Sendable {
    /// Nil: certificates are not checked for revocation.
    private var lists: [DistinguishedName: [SignedRevocationList]]?

    /// - Parameter authorities: Those whose signatures on their lists can be checked at once.
    init(file path: String?, authorities: [Certificate]) throws(TLSProblem) {
        guard let path else { return }
        let bytes = try TLSFile.read(path, .revocation)
        let all: [SignedRevocationList]
        do {
            all = try Self.split(bytes).map { SignedRevocationList(try RevocationList(der: $0)) }
        } catch let error as RevocationList.Unusable {
            throw TLSProblem(option: .revocation, reason: "expected revocation lists in PEM or DER: \(error.reason)")
        } catch {
            throw TLSProblem(option: .revocation, reason: "expected revocation lists in PEM or DER")
        }
        guard !all.isEmpty else {
            throw TLSProblem(option: .revocation, reason: "expected at least one revocation list in PEM or DER")
        }
        for list in all {
            let known = authorities.filter { $0.subject == list.contents.issuer }
            guard known.isEmpty || known.contains(where: { list.isSigned(by: $0) }) else {
                let issuer = "\(list.contents.issuer)".inOneLine
                throw TLSProblem(
                    option: .revocation,
                    reason: "expected the list of \(issuer) to be signed by it (by its certificate in cacertfile)")
            }
        }
        lists = Dictionary(grouping: all, by: \.contents.issuer)
    }

    /// - Parameter chain: From the client's certificate to the trusted one, signatures checked.
    func fault(in chain: [Certificate], now: Int64) -> String? {
        guard let lists else { return nil }
        for (certificate, issuer) in zip(chain, chain.dropFirst()) {
            let own = lists[issuer.subject, default: []].filter { $0.isSigned(by: issuer) }.map(\.contents)
            let name = "\(certificate.issuer)".inOneLine
            if own.contains(where: { $0.revokes(certificate) }) {
                return certificate == chain[0]
                    ? "revoked by \(name)" : "its authority \("\(certificate.subject)".inOneLine) is revoked by \(name)"
            }
            guard let first = own.first else { return "ssl_options.crl_file has no revocation list of \(name)" }
            if own.allSatisfy({ $0.outdated(at: now) != nil }), let reason = first.outdated(at: now) {
                return "the revocation list of \(name) \(reason)"
            }
        }
        return nil
    }

    /// The DER of each list in a file of PEM or DER.
    private static func split(_ bytes: [UInt8]) throws -> [ArraySlice<UInt8>] {
        if bytes.first != 0x30 {
            guard let text = String(validating: bytes, as: UTF8.self) else { return [] }
            return try PEMDocument.parseMultiple(pemString: text)
                .filter { $0.discriminator == "X509 CRL" }.map { $0.derBytes[...] }
        }
        var lists: [ArraySlice<UInt8>] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            guard let length = lengthOfFirst(rest), length <= rest.count else {
                throw RevocationList.Unusable(reason: "it is cut short")
            }
            lists.append(rest.prefix(length))
            rest = rest.dropFirst(length)
        }
        return lists
    }

    /// The first DER value's, header included.
    private static func lengthOfFirst(_ bytes: ArraySlice<UInt8>) -> Int? {
        let header = Array(bytes.prefix(6))
        guard header.count >= 2, header[0] == 0x30 else { return nil }
        guard header[1] >= 0x80 else { return 2 + Int(header[1]) }
        let count = Int(header[1] & 0x7F)
        guard (1...4).contains(count), header.count >= 2 + count else { return nil }
        return 2 + count + header[2..<(2 + count)].reduce(0) { $0 << 8 | Int($1) }
    }
}

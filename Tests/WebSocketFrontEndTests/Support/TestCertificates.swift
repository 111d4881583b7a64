import Foundation
import NIOCore
import NIOSSL
import SpawnedProcess

@testable import WebSocketFrontEnd

/// Authorities, certificates and revocation lists, made once for a test run by the `openssl` command.
struct TestCertificates: Sendable {
    static let shared = Result { try TestCertificates() }

    let folder: URL

    /// `server.pem` holds the intermediate certificate behind the server's own.
    private static let script = #"""
        set -e; cd "$0"
        cat >ca.cnf <<'EOF'
        [ca]
        default_ca = d
        [d]
        database = $ENV::CA.index
        new_certs_dir = .
        crlnumber = $ENV::CA.number
        default_md = sha256
        default_days = 30
        policy = p
        rand_serial = yes
        unique_subject = no
        [p]
        commonName = supplied
        EOF
        key() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1.key"; }
        books() { : >"$1.index"; echo 01 >"$1.number"; }
        root() { key "$1"; openssl req -x509 -new -key "$1.key" -subj "/CN=$1" -days 30 -out "$1.pem"; books "$1"; }
        signed() { # name authority CN extensions [start end]
            key "$1"; openssl req -new -key "$1.key" -subj "/CN=$3" -out "$1.csr"
            printf "$4" >"$1.ext"
            CA="$2" openssl ca -batch -config ca.cnf -cert "$2.pem" -keyfile "$2.key" -in "$1.csr" -out "$1.pem" \
                -notext -extfile "$1.ext" ${5:+-startdate "$5" -enddate "$6"}
        }
        authority() { signed "$1" "$2" "$1" 'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n'
            books "$1"; }
        lists() { CA="$1" openssl ca -config ca.cnf -cert "$1.pem" -keyfile "$1.key" -gencrl -crldays 30 -out "$1.crl"; }
        client='extendedKeyUsage=clientAuth\nsubjectAltName=DNS:CP1-san,URI:urn:cp:1\n'
        server='subjectAltName=DNS:localhost,IP:127.0.0.1\n'
        root ca; root other; authority middle ca; authority lower middle
        signed server middle server "$server"; cat middle.pem >>server.pem
        signed server2 ca server2 "$server"
        openssl pkcs8 -topk8 -in server.key -out server-encrypted.key -passout pass:key-secret
        signed CP1 ca CP1 "$client"
        signed expired ca CP1 "$client" 20200101000000Z 20200201000000Z
        signed future ca CP1 "$client" 20400101000000Z 20410101000000Z
        signed foreign other CP1 "$client"
        signed deep lower CP1 "$client"; cat lower.pem middle.pem >>deep.pem
        signed webserver ca CP1 'extendedKeyUsage=serverAuth\n'
        signed revoked ca CP1 "$client"
        CA=ca openssl ca -config ca.cnf -cert ca.pem -keyfile ca.key -revoke revoked.pem
        key twin; for n in 1 2 3 4 5 6 7 8; do
            openssl req -x509 -new -key twin.key -subj "/CN=twin" -days 30 -out twin$n.pem; done
        key twinned; openssl req -new -key twinned.key -subj "/CN=CP1" -out twinned.csr
        openssl x509 -req -in twinned.csr -CA twin1.pem -CAkey twin.key -CAcreateserial -days 30 -out twinned.pem
        cat twin[1-8].pem >>twinned.pem
        lists ca; lists middle; lists lower; lists other
        cat ca.crl middle.crl lower.crl >all.crl
        openssl crl -in ca.crl -outform DER -out ca.der
        openssl crl -in middle.crl -outform DER >middle.der; cat ca.der middle.der >two.der
        CA=ca openssl ca -config ca.cnf -cert ca.pem -keyfile ca.key -gencrl -crlsec 1 -out old.crl
        """#

    private init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "gateway-tls-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let process = SpawnedProcess()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", Self.script, folder.path]
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Failed(output: text) }
    }

    struct Failed: Error {
        var output: String
    }

    func path(_ name: String) -> String { folder.appending(path: name).path }

    /// Of a listener with the certificate `server.pem`.
    func options(_ change: (inout TLSOptions) -> Void = { _ in }) -> TLSOptions {
        var options = TLSOptions(certificateFile: path("server.pem"), keyFile: path("server.key"))
        change(&options)
        return options
    }

    /// Of a listener that asks for client certificates.
    func verifying(_ change: (inout TLSOptions) -> Void = { _ in }) -> TLSOptions {
        options {
            $0.authorityFile = path("ca.pem")
            $0.verifiesPeer = true
            $0.requiresPeerCertificate = true
            change(&$0)
        }
    }

    /// A TLS client that trusts `ca.pem`.
    ///
    /// - Parameter certificate: The name of the one that it shows.
    func client(
        certificate: String? = nil, version: TLSVersion? = nil, ciphers: String? = nil
    ) throws -> NIOSSLContext {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.trustRoots = .file(path("ca.pem"))
        configuration.minimumTLSVersion = version ?? .tlsv1
        configuration.maximumTLSVersion = version
        if let ciphers { configuration.cipherSuites = ciphers }
        if let certificate {
            configuration.certificateChain = try NIOSSLCertificate.fromPEMFile(path("\(certificate).pem"))
                .map { .certificate($0) }
            configuration.privateKey = .privateKey(
                try NIOSSLPrivateKey(file: path("\(certificate).key"), format: .pem))
        }
        return try NIOSSLContext(configuration: configuration)
    }
}

import Foundation
import SpawnedProcess

/// Keys, authorities, certificates and revocation lists in a folder, made with the `openssl` command by a script of
/// the test's own, which has these commands:
/// - `key NAME`: a private key, `NAME.key`;
/// - `root NAME`: an authority that signs itself;
/// - `alone NAME EXTENSION`: a certificate that signs itself, with one extension;
/// - `signed NAME AUTHORITY COMMON-NAME EXTENSIONS [START END]`: a certificate of an authority;
/// - `authority NAME AUTHORITY`: an authority below another;
/// - `ca AUTHORITY OPTION…`: anything else that `openssl ca` does;
/// - `revoke NAME AUTHORITY` and `lists AUTHORITY`: revocation, and the list that says so, `AUTHORITY.crl`;
/// - `encrypted NAME`: the key with the passphrase `key-secret`, `NAME-encrypted.key`;
///
/// and the extensions `$localhost` of a server on the loopback and `$client` of a charge point.
package enum CertificateMaker {
    private static let commands = #"""
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
        alone() { key "$1"; openssl req -x509 -new -key "$1.key" -subj "/CN=$1" -days 30 -out "$1.pem" -addext "$2"; }
        root() { key "$1"; openssl req -x509 -new -key "$1.key" -subj "/CN=$1" -days 30 -out "$1.pem"; books "$1"; }
        ca() { CA="$1"; export CA; shift; openssl ca -config ca.cnf -cert "$CA.pem" -keyfile "$CA.key" "$@"; }
        signed() {
            key "$1"; openssl req -new -key "$1.key" -subj "/CN=$3" -out "$1.csr"; printf "$4" >"$1.ext"
            ca "$2" -batch -in "$1.csr" -out "$1.pem" -notext -extfile "$1.ext" ${5:+-startdate "$5" -enddate "$6"}
        }
        authority() {
            signed "$1" "$2" "$1" 'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n'
            books "$1"
        }
        revoke() { ca "$2" -revoke "$1.pem"; }
        lists() { ca "$1" -gencrl -crldays 30 -out "$1.crl"; }
        encrypted() { openssl pkcs8 -topk8 -in "$1.key" -out "$1-encrypted.key" -passout pass:key-secret; }
        localhost='subjectAltName=DNS:localhost,IP:127.0.0.1\n'
        client='extendedKeyUsage=clientAuth\nsubjectAltName=DNS:CP1-san,URI:urn:cp:1\n'

        """#

    /// Runs a script in a folder, which is made when it is not there; what is there already is made anew.
    ///
    /// - Throws: `Failure` with what `openssl` wrote when a command fails.
    package static func make(in folder: URL, _ script: String) throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let process = SpawnedProcess()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", commands + script, folder.path]
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Failure("openssl made no certificates:\n\(text)") }
    }
}

import Testing

/// A broker with a certificate for localhost and 127.0.0.1 of an authority of its own, `ca.pem` in its folder.
func tlsBroker(_ listener: [String] = []) async throws -> TestBroker {
    let broker = try await TestBroker(
        listener: ["cafile $FOLDER/ca.pem", "certfile $FOLDER/server.pem", "keyfile $FOLDER/server.key"] + listener)
    let output = try await run("sh", ["-c", tlsFilesScript, broker.folder.path])
    do {
        try await broker.start()
    } catch {
        Issue.record("\(output)")
        throw error
    }
    return broker
}

/// Makes `ca`, `other`, `server`, `client` in the folder that it is given, and `client-encrypted.key`.
let tlsFilesScript = """
    set -e; cd "$0"
    key() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1"; }
    authority() { key "$1.key"; openssl req -x509 -new -key "$1.key" -subj "/CN=$1" -days 2 -out "$1.pem"; }
    signed() {
        key "$1.key"; openssl req -new -key "$1.key" -subj "/CN=$1" -out "$1.csr"
        printf 'subjectAltName=%s' "$2" >"$1.ext"
        openssl x509 -req -in "$1.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 \
            -extfile "$1.ext" -out "$1.pem"
    }
    authority ca; authority other
    signed server DNS:localhost,IP:127.0.0.1; signed client DNS:client
    openssl pkcs8 -topk8 -in client.key -out client-encrypted.key -passout pass:key-secret
    """

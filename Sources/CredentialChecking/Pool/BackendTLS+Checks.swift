extension BackendTLS {
    /// Debian's bundle of the authorities that the system trusts.
    package static let systemCAFile = "/etc/ssl/certs/ca-certificates.crt"

    /// The name to be asked for and checked at this host; nil: none is.
    package func name(of host: String) -> String? {
        switch serverName {
        case .ofHost: host
        case .named(let name): name
        case .disabled: nil
        }
    }

    /// What does not fit together, or cannot be read; nothing while TLS is off. The files are read again for each
    /// connection, by libraries that would wait for the writer of a pipe: that is refused here.
    package var problems: [BackendProblem] {
        guard isEnabled else { return [] }
        var problems: [BackendProblem] = []
        let files = [("cacertfile", caFile), ("certfile", certificateFile), ("keyfile", keyFile)]
        for (key, file) in files {
            guard let file else { continue }
            do {
                _ = try Self.contents(of: file)
            } catch {
                problems.append(BackendProblem("ssl.\(key)", "expected a file that can be read: \(error)"))
            }
        }
        switch (certificateFile, keyFile) {
        case (nil, .some): problems.append(BackendProblem("ssl.keyfile", "expected ssl.certfile with it"))
        case (.some, nil): problems.append(BackendProblem("ssl.certfile", "expected ssl.keyfile with it"))
        default: break
        }
        if versions.isEmpty {
            let names = Version.allCases.map(\.rawValue).joined(separator: ", ")
            problems.append(BackendProblem("ssl.versions", "expected one or more of \(names)"))
        }
        if case .named(let name) = serverName, !Self.isHostName(name) {
            problems.append(BackendProblem("ssl.server_name_indication", "expected a host name or disable"))
        }
        return problems
    }

    private static func isHostName(_ name: String) -> Bool {
        !name.isEmpty && name.utf8.count <= 255
            && name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"):
                    true
                default: false
                }
            }
    }
}

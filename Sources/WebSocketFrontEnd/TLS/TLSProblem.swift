/// What is wrong with one of the files of a `wss` listener. Never holds what is in them.
package struct TLSProblem: Error, Sendable, Equatable, CustomStringConvertible {
    /// The key behind `ssl_options.`.
    package enum Option: String, Sendable, Equatable {
        case certfile, keyfile, password, cacertfile, ciphers
        case revocation = "crl_file"
    }

    package var option: Option
    /// What was expected.
    package var reason: String

    package var description: String { "ssl_options.\(option.rawValue): \(reason)" }
}

/// Every problem, not just the first.
package struct TLSProblems: Error, Sendable, Equatable {
    package var problems: [TLSProblem]
}

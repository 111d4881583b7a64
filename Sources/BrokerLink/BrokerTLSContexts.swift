import Logging

/// The TLS contexts of one broker thread's connections. The files are read anew for each shared connection, and for a
/// charge point's when they have changed: ten thousand of those need not parse the same authorities.
struct BrokerTLSContexts {
    private let tls: BrokerLinkConfiguration.TLS
    private var last: (host: String, stamps: [ConnectFile.Stamp?], context: BrokerTLSContext)?

    init(_ tls: BrokerLinkConfiguration.TLS) {
        self.tls = tls
    }

    /// - Parameter isLeading: for a shared connection.
    /// - Throws: when the files cannot be used and there are none that could be before.
    mutating func context(for host: String, isLeading: Bool, logger: @autoclosure () -> Logger)
        throws(MosquittoClient.SetUpError) -> BrokerTLSContext
    {
        let stamps = [tls.caFile, tls.certificateFile, tls.keyFile].compactMap(\.self).map { ConnectFile.Stamp(of: $0) }
        let last = last.flatMap { $0.host == host ? $0 : nil }
        if !isLeading, let last, last.stamps == stamps { return last.context }
        do {
            let context = try BrokerTLSContext(host: host, tls: tls)
            self.last = (host, stamps, context)
            return context
        } catch {
            guard let last else { throw error }
            // In the middle of a change, most likely.
            if isLeading {
                logger().error(
                    "the TLS files for the broker cannot be used: what was read before is",
                    metadata: ["reason": "\(error.reason)"])
            }
            return last.context
        }
    }
}

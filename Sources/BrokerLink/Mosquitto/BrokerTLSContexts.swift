import BoundedFiles
import Logging

/// The TLS contexts of one broker thread's connections. The files are read anew for each shared connection, and for a
/// charge point's when they have changed: ten thousand of those need not parse the same authorities.
struct BrokerTLSContexts {
    private let tls: BrokerLinkConfiguration.TLS
    private typealias Read = (host: String, stamps: [FileStamp], context: BrokerTLSContext)

    private var last: Read?

    init(_ tls: BrokerLinkConfiguration.TLS) {
        self.tls = tls
    }

    /// For a charge point's connection.
    ///
    /// - Throws: when the files cannot be used and there are none that could be before.
    mutating func context(for host: String) throws(MosquittoSetUpError) -> BrokerTLSContext {
        let last = last(for: host)
        if let last, last.stamps == stamps { return last.context }
        do {
            return try read(for: host)
        } catch {
            guard let last else { throw error }
            return last.context
        }
    }

    /// For a shared connection, whose log says what is wrong with the files.
    ///
    /// - Throws: when the files cannot be used and there are none that could be before.
    mutating func newContext(for host: String, logger: @autoclosure () -> Logger)
        throws(MosquittoSetUpError) -> BrokerTLSContext
    {
        do {
            return try read(for: host)
        } catch {
            guard let last = last(for: host) else { throw error }
            // In the middle of a change, most likely.
            logger().error(
                "the TLS files for the broker cannot be used: what was read before is",
                metadata: ["reason": "\(error.reason)"])
            return last.context
        }
    }

    private var stamps: [FileStamp] {
        [tls.caFile, tls.certificateFile, tls.keyFile].compactMap(\.self).map { FileStamp(path: $0) }
    }

    private func last(for host: String) -> Read? { last.flatMap { $0.host == host ? $0 : nil } }

    private mutating func read(for host: String) throws(MosquittoSetUpError) -> BrokerTLSContext {
        // Before they are read: a change meanwhile is then seen as one.
        let stamps = stamps
        let context = try BrokerTLSContext(host: host, tls: tls)
        last = (host, stamps, context)
        return context
    }
}

import NIOCore

/// Reads PROXY headers of either version.
enum ProxyHeaderReader {
    enum Outcome: Equatable {
        case incomplete
        case header(ProxyHeader)
        case malformed(reason: String)
    }

    /// Takes the header from the front of what was received, once it is whole.
    ///
    /// Bytes that cannot become a header are malformed at once, however few they are.
    static func read(from buffer: inout ByteBuffer) -> Outcome {
        let first = buffer.getInteger(at: buffer.readerIndex, as: UInt8.self)
        do throws(ProxyHeader.Malformed) {
            let header =
                switch first {
                case nil: nil as ProxyHeader?
                case ProxyHeaderVersion1.prefix.first: try ProxyHeaderVersion1.read(from: &buffer)
                case ProxyHeaderVersion2.signature.first: try ProxyHeaderVersion2.read(from: &buffer)
                default: throw ProxyHeader.Malformed(reason: "no PROXY header")
                }
            return header.map(Outcome.header) ?? .incomplete
        } catch {
            return .malformed(reason: error.reason)
        }
    }
}

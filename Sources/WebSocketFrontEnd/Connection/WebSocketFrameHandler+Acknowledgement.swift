import Glibc
import NIOCore

extension WebSocketFrameHandler {
    /// The beginning of Linux's `tcp_info`, which is longer than the one that the C library knows.
    private struct TCPInfo {
        /// Eight bytes of flags, then numbers of four bytes each.
        private var words: InlineArray<40, UInt32> = .init(repeating: 0)

        /// Segments that were sent and not acknowledged.
        var unacknowledged: UInt32 { words[6] }
        /// Bytes that were not sent yet; 0 on kernels before 4.6.
        var unsent: UInt32 { words[36] }
    }

    /// Whether the peer's TCP has acknowledged everything that was written.
    func hasAcknowledgedAll() -> Bool {
        guard let context, pendingBytes(context: context) == 0,
            let socket = context.channel as? any SocketOptionProvider
        else { return false }
        var info: TCPInfo?
        let option: EventLoopFuture<TCPInfo> = socket.unsafeGetSocketOption(
            level: .init(rawValue: CInt(IPPROTO_TCP)), name: .init(rawValue: CInt(TCP_INFO)))
        // On its own event loop a channel answers at once.
        option.assumeIsolated().whenSuccess { info = $0 }
        guard let info else { return false }
        return info.unacknowledged == 0 && info.unsent == 0
    }
}

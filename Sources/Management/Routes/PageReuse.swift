import NIOCore

/// Lets a page of the list that is asked for hundreds of times a second be made less often: making one takes longer than
/// sending it, and what it takes of the processor is taken from the charge points. While charge points come and go, the
/// whole list is sorted anew for it.
///
/// Whoever asks now and then gets what is true at that moment. Without input or output.
struct PageReuse {
    /// How long a page is good for those of a crowd: five times what its making took, so that making pages never takes
    /// more than a fifth of a processor, but within these.
    static let lifetime = TimeAmount.milliseconds(10)...TimeAmount.milliseconds(100)
    /// So many requests in ``span`` are a crowd.
    static let crowd = 20
    static let span = TimeAmount.milliseconds(100)

    private struct Page {
        var query: QueryParameters
        var bytes: ByteBuffer
        var goodUntil: NIODeadline
    }

    private var page: Page?
    private var forgottenAt: NIODeadline?
    private var asked: [NIODeadline] = []
    private var oldest = 0

    /// Counts a request.
    ///
    /// - Returns: what was made for the same one; nil: make it, and say so (`made`).
    mutating func page(for query: QueryParameters, now: NIODeadline) -> ByteBuffer? {
        guard isCrowded(now), let page, page.query == query, now < page.goodUntil else { return nil }
        return page.bytes
    }

    /// - Parameter start: when its making began.
    mutating func made(_ bytes: ByteBuffer, for query: QueryParameters, start: NIODeadline, now: NIODeadline) {
        guard forgottenAt.map({ start > $0 }) ?? true else { return }
        let time = min(max((now - start) * 5, Self.lifetime.lowerBound), Self.lifetime.upperBound)
        page = Page(query: query, bytes: bytes, goodUntil: start + time)
    }

    /// Somebody has been told that the list is another one; what is being made is no longer true either.
    mutating func forget(now: NIODeadline) {
        page = nil
        forgottenAt = now
    }

    /// Whether the request that is as many back as make a crowd was a moment ago.
    private mutating func isCrowded(_ now: NIODeadline) -> Bool {
        guard asked.count == Self.crowd else {
            asked.append(now)
            return false
        }
        defer {
            asked[oldest] = now
            oldest = (oldest + 1) % Self.crowd
        }
        return now - asked[oldest] < Self.span
    }
}

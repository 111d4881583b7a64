import NIOCore

/// Lets a page of the list that is asked for hundreds of times a second be made a hundred times a second: making one takes
/// longer than sending it, and what it takes of the processor is taken from the charge points.
///
/// Whoever asks now and then gets what is true at that moment. Without input or output.
struct PageReuse {
    /// How long a page is good for those of a crowd, while nobody comes or goes.
    static let lifetime = TimeAmount.milliseconds(10)
    /// So many requests in ``span`` are a crowd.
    static let crowd = 20
    static let span = TimeAmount.milliseconds(100)

    private struct Page {
        var query: QueryParameters
        /// Of the roster.
        var revision: UInt64?
        var madeAt: NIODeadline
        var bytes: ByteBuffer
    }

    private var page: Page?
    private var asked: [NIODeadline] = []
    private var oldest = 0

    /// Counts a request.
    ///
    /// - Returns: what was made for the same one; nil: make it, and say so (`made`).
    mutating func page(for query: QueryParameters, revision: UInt64?, now: NIODeadline) -> ByteBuffer? {
        let isCrowded = count(now)
        guard isCrowded, let page, page.query == query, page.revision == revision, now - page.madeAt < Self.lifetime
        else { return nil }
        return page.bytes
    }

    mutating func made(_ bytes: ByteBuffer, for query: QueryParameters, revision: UInt64?, now: NIODeadline) {
        page = Page(query: query, revision: revision, madeAt: now, bytes: bytes)
    }

    /// Whether the request that is as many back as make a crowd was a moment ago.
    private mutating func count(_ now: NIODeadline) -> Bool {
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

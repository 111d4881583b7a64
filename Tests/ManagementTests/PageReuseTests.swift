import NIOCore
import Testing

@testable import Management

@Suite struct PageReuseTests {
    private let page = ByteBuffer(string: "page")
    private let query: QueryParameters
    private let start = NIODeadline.uptimeNanoseconds(1_000_000_000)

    init() throws {
        query = try QueryParameters("page=1&limit=100")
    }

    /// One that a crowd has asked for, and that was made now.
    private func crowded(at now: NIODeadline) -> PageReuse {
        var reuse = PageReuse()
        for _ in 0..<PageReuse.crowd { _ = reuse.page(for: query, revision: 1, now: now) }
        reuse.made(page, for: query, revision: 1, now: now)
        return reuse
    }

    @Test func `A crowd gets the page that was made a moment ago, and no older one`() {
        var reuse = crowded(at: start)
        #expect(reuse.page(for: query, revision: 1, now: start + .milliseconds(9)) == page)
        #expect(reuse.page(for: query, revision: 1, now: start + .milliseconds(10)) == nil)
    }

    @Test func `Another query and another roster get a page of their own`() throws {
        var reuse = crowded(at: start)
        #expect(reuse.page(for: try QueryParameters("page=2&limit=100"), revision: 1, now: start) == nil)
        #expect(reuse.page(for: query, revision: 2, now: start) == nil)
        #expect(reuse.page(for: query, revision: 1, now: start) == page)
    }

    @Test func `Who asks now and then always gets what is true at that moment`() {
        var reuse = PageReuse()
        var now = start
        for _ in 0..<100 {
            #expect(reuse.page(for: query, revision: 1, now: now) == nil)
            reuse.made(page, for: query, revision: 1, now: now)
            now = now + .milliseconds(5)
        }
    }
}

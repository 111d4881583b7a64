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

    /// One that a crowd has asked for, and whose making began at `start` and took so long.
    private func crowded(_ making: TimeAmount = .zero) -> PageReuse {
        var reuse = PageReuse()
        for _ in 0..<PageReuse.crowd { #expect(reuse.page(for: query, now: start) == nil) }
        reuse.made(page, for: query, start: start, now: start + making)
        return reuse
    }

    @Test(arguments: [(0, 10), (1, 10), (7, 35), (500, 100)])
    func `A crowd gets the page that was made a moment ago, the longer the longer its making took`(
        making: Int64, milliseconds: Int64
    ) {
        var reuse = crowded(.milliseconds(making))
        #expect(reuse.page(for: query, now: start + .milliseconds(milliseconds) - .nanoseconds(1)) == page)
        #expect(reuse.page(for: query, now: start + .milliseconds(milliseconds)) == nil)
    }

    @Test func `Another query gets a page of its own, and a page that is no longer true is none`() throws {
        var reuse = crowded()
        #expect(reuse.page(for: try QueryParameters("page=2&limit=100"), now: start) == nil)
        #expect(reuse.page(for: query, now: start) == page)
        reuse.forget(now: start)
        #expect(reuse.page(for: query, now: start) == nil)
        // Begun before.
        reuse.made(page, for: query, start: start, now: start + .milliseconds(1))
        #expect(reuse.page(for: query, now: start + .milliseconds(2)) == nil)
    }

    @Test func `Who asks now and then always gets what is true at that moment`() {
        var reuse = PageReuse()
        var now = start
        for _ in 0..<100 {
            #expect(reuse.page(for: query, now: now) == nil)
            reuse.made(page, for: query, start: now, now: now)
            now = now + .milliseconds(5)
        }
    }
}

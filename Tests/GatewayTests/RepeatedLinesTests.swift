import Logging
import Testing

@testable import Gateway

@Suite("Logs: repeated lines (behaviour.md, \"Bounds\")")
struct RepeatedLinesTests {
    private let start = ContinuousClock.now

    private func kind(_ message: LogText, _ cid: LogText?) -> RepeatedLines.Kind {
        .init(message: message, subject: cid.map { .init(key: "cid", value: $0) })
    }

    private func after(_ seconds: Double) -> ContinuousClock.Instant { start.advanced(by: .seconds(seconds)) }

    /// How many of `count` lines are written.
    private func written(
        _ lines: inout RepeatedLines, _ kind: RepeatedLines.Kind, count: Int, at now: ContinuousClock.Instant
    ) -> Int {
        (0..<count).count { _ in lines.judge(kind, .warning, at: now).isWritten }
    }

    @Test
    func `Ten lines of a kind about an identity are written in ten seconds, the others are counted`() {
        var lines = RepeatedLines()
        let bad = kind("bad message", "CP1")
        #expect(written(&lines, bad, count: 60, at: start) == 10)
        #expect(written(&lines, bad, count: 40, at: after(9.9)) == 0)
        #expect(lines.nextSummary == after(10))
        #expect(lines.summaries(at: after(9.9)).isEmpty)
        #expect(
            lines.summaries(at: after(10)) == [.init(kind: bad, level: .warning, count: 90, seconds: 10)])
        #expect(lines.summaries(at: after(30)).isEmpty && lines.kindCount == 0)
    }

    @Test
    func `Ten seconds later it begins anew, and the line that begins comes behind what was held back before`() {
        var lines = RepeatedLines()
        let bad = kind("bad message", "CP1")
        _ = written(&lines, bad, count: 12, at: start)
        let verdict = lines.judge(bad, .warning, at: after(11))
        #expect(verdict == .init(isWritten: true, summary: .init(kind: bad, level: .warning, count: 2, seconds: 10)))
        #expect(written(&lines, bad, count: 20, at: after(11)) == 9)
    }

    @Test
    func `Another message, another identity, and one that only looks the same are other kinds`() {
        var lines = RepeatedLines()
        let kinds = [
            kind("bad message", "CPK1"), kind("bad message", "CP\u{212A}1"), kind("CALL refused", "CPK1"),
            kind("bad message", "Café"), kind("bad message", "Cafe\u{301}"), kind("bad message", nil),
        ]
        for kind in kinds { #expect(written(&lines, kind, count: 11, at: start) == 10, "\(kind)") }
        #expect(lines.summaries(at: after(10)).count == kinds.count)
    }

    @Test
    func `Ten lines and no more are no summary`() {
        var lines = RepeatedLines()
        #expect(written(&lines, kind("bad message", "CP1"), count: 10, at: start) == 10)
        #expect(lines.nextSummary == nil)
        #expect(lines.summaries(at: after(10)).isEmpty)
    }

    @Test
    func `All together are bounded, and what is left out is summed up by message`() {
        var lines = RepeatedLines()
        let total = RepeatedLines.mostLines * 3
        let inFull = (0..<total).count { lines.judge(kind("refused", "CP\($0)"), .warning, at: start).isWritten }
        #expect(inFull == RepeatedLines.mostLines)
        let others = lines.summaries(at: after(10))
        #expect(others == [.init(kind: kind("refused", nil), level: .warning, count: total - inFull, seconds: 10)])
        #expect(lines.judge(kind("refused", "CP1"), .warning, at: after(10)).isWritten)
    }

    @Test
    func `What the gateway says of itself is not held back for others' lines`() {
        var lines = RepeatedLines()
        for number in 0...RepeatedLines.mostLines { _ = lines.judge(kind("x", "CP\(number)"), .info, at: start) }
        #expect(lines.judge(kind("broker link down", nil), .warning, at: start).isWritten)
    }

    @Test
    func `Identities and messages without number do not let the table grow, and nothing goes uncounted`() {
        var lines = RepeatedLines()
        var inFull = 0
        var summed = 0
        for number in 0..<200_000 {
            let moment = start.advanced(by: .microseconds(number * 300))
            let verdict = lines.judge(kind("m\(number % 1000)", "CP\(number)"), .info, at: moment)
            inFull += verdict.isWritten ? 1 : 0
            summed += verdict.summary?.count ?? 0
            // As a timer does, and not with each line: it looks at all of them.
            if number % 100 == 0, lines.nextSummary.map({ $0 <= moment }) == true {
                summed += lines.summaries(at: moment).reduce(0) { $0 + $1.count }
            }
            #expect(lines.kindCount <= RepeatedLines.mostKinds + 300)
        }
        summed += lines.summaries(at: after(60), early: true).reduce(0) { $0 + $1.count }
        #expect(inFull <= 7 * RepeatedLines.mostLines)
        #expect(inFull + summed == 200_000)
    }

    @Test
    func `Early, as at a stop, what was held back is summed up with the time that has passed`() {
        var lines = RepeatedLines()
        let bad = kind("bad message", "CP1")
        _ = written(&lines, bad, count: 13, at: start)
        #expect(
            lines.summaries(at: after(2.5), early: true) == [.init(kind: bad, level: .warning, count: 3, seconds: 3)])
    }
}

extension FrameCase {
    private static func frame(_ firstByte: UInt8, _ text: String = "") -> [UInt8] {
        RawClient.frame(firstByte, Array(text.utf8))
    }

    private static func letters(_ count: Int) -> String { String(repeating: "*", count: count) }

    // MARK: RFC 6455

    static let plain: [FrameCase] =
        lengths + fragments + controls + utf8 + violations + closes

    private static let lengths: [FrameCase] = [0, 1, 125, 126, 127, 128, 65_535, 65_536, longestMessage].flatMap {
        length in
        let text = letters(length)
        let frame = frame(0x81, text)
        return [
            FrameCase("a text of \(length) bytes", [frame], [.text(text)]),
            FrameCase(
                "a text of \(length) bytes, cut within its header and payload",
                [Array(frame.prefix(1)), Array(frame.dropFirst().prefix(6)), Array(frame.dropFirst(7))].filter {
                    !$0.isEmpty
                },
                [.text(text)]),
        ]
    }

    private static let fragments: [FrameCase] = [
        FrameCase("two fragments", [frame(0x01, "frag") + frame(0x80, "ment")], [.text("fragment")]),
        FrameCase("two fragments in two writes", [frame(0x01, "frag"), frame(0x80, "ment")], [.text("fragment")]),
        FrameCase("empty fragments", [frame(0x01) + frame(0x00) + frame(0x80)], [.text("")]),
        FrameCase(
            "an empty first and last fragment", [frame(0x01) + frame(0x00, "middle") + frame(0x80)], [.text("middle")]),
        FrameCase(
            "a thousand fragments of one byte",
            [frame(0x01) + (0..<1000).flatMap { _ in frame(0x00, "*") } + frame(0x80)], [.text(letters(1000))]),
        FrameCase(
            "a ping between fragments", [frame(0x01, "a") + frame(0x89, "ping") + frame(0x80, "b")],
            [.pong("ping"), .text("ab")]),
        FrameCase(
            "pings and pongs between all fragments",
            [
                frame(0x01, "a") + frame(0x89, "1") + frame(0x00, "b") + frame(0x8A, "?") + frame(0x89, "2")
                    + frame(0x80, "c")
            ],
            [.pong("1"), .pong("2"), .text("abc")]),
        FrameCase(
            "messages behind each other in one write",
            [frame(0x01, "a") + frame(0x80, "b") + frame(0x81, "c") + frame(0x01, "d") + frame(0x80, "e")],
            [.text("ab"), .text("c"), .text("de")]),
        FrameCase("a continuation of nothing", [frame(0x80, "x") + frame(0x81, "y")], [.close(1002)]),
        FrameCase("an unfinished continuation of nothing", [frame(0x00, "x")], [.close(1002)]),
        FrameCase(
            "a continuation behind a whole message", [frame(0x81, "x") + frame(0x80, "y")], [.text("x"), .close(1002)]),
        FrameCase("a message inside another", [frame(0x01, "x") + frame(0x81, "y")], [.close(1002)]),
        FrameCase("a fragmented message inside another", [frame(0x01, "x") + frame(0x01, "y")], [.close(1002)]),
    ]

    private static let controls: [FrameCase] = [
        FrameCase("a ping without payload", [frame(0x89)], [.pong("")]),
        FrameCase("a ping of 125 bytes", [frame(0x89, letters(125))], [.pong(letters(125))]),
        FrameCase(
            "a ping byte by byte", frame(0x89, "bytes").map { [$0] }, [.pong("bytes")]),
        FrameCase("a ping that is no text", [RawClient.frame(0x89, [0x7F])], [.pong("\u{7F}")]),
        FrameCase("pongs that nobody asked for", [frame(0x8A) + frame(0x8A, "x") + frame(0x89, "y")], [.pong("y")]),
        FrameCase(
            "ten pings", [(0..<10).flatMap { frame(0x89, "\($0)") }], (0..<10).map { .pong("\($0)") }),
        FrameCase("a ping of 126 bytes", [frame(0x89, letters(126))], [.close(1002)]),
        FrameCase("a pong of 126 bytes", [frame(0x8A, letters(126))], [.close(1002)]),
        FrameCase("a fragmented ping", [frame(0x09, "x") + frame(0x80, "y")], [.close(1002)]),
        FrameCase("a fragmented pong", [frame(0x0A, "x")], [.close(1002)]),
    ]

    private static let utf8: [FrameCase] = {
        let text = "κόσμε \u{1F50C} ü"
        let bytes = Array(text.utf8)
        return [
            FrameCase("UTF-8", [RawClient.frame(0x81, bytes)], [.text(text)]),
            FrameCase(
                "UTF-8 cut between all of its bytes",
                [RawClient.frame(0x01) + bytes.flatMap { RawClient.frame(0x00, [$0]) } + RawClient.frame(0x80)],
                [.text(text)]),
        ]
    }()

    private static let violations: [FrameCase] =
        [
            FrameCase("RSV2", [frame(0xA1, "x")], [.close(1002)]),
            FrameCase("RSV3", [frame(0x91, "x")], [.close(1002)]),
            FrameCase(
                "RSV2 behind a message", [frame(0x81, "x") + frame(0xA1, "y") + frame(0x89)],
                [.text("x"), .close(1002)]),
            FrameCase("RSV3 on a ping", [frame(0x99, "x")], [.close(1002)]),
            FrameCase("RSV2 on a close", [frame(0xA8)], [.close(1002)]),
            FrameCase("all reserved bits", [frame(0xF1, "x")], [.close(1002)]),
            FrameCase("RSV1 on a ping", [frame(0xC9, "x")], [.close(1002)]),
            FrameCase("RSV1 on a continuation", [frame(0x01, "x") + frame(0xC0, "y")], [.close(1002)]),
            FrameCase("no mask", [RawClient.frame(0x81, [0x78], masked: false)], [.close(1002)]),
            FrameCase("a ping without a mask", [RawClient.frame(0x89, masked: false)], [.close(1002)]),
            FrameCase(
                "a fragment without a mask", [frame(0x01, "x") + RawClient.frame(0x80, [0x78], masked: false)],
                [.close(1002)]),
            FrameCase("binary", [frame(0x82, "x")], [.close(1003)]),
            FrameCase("a text longer than the limit", [frame(0x81, letters(longestMessage + 1))], [.close(1009)]),
            FrameCase(
                "fragments longer than the limit together",
                [frame(0x01, letters(longestMessage)) + frame(0x00) + frame(0x80, "x")], [.close(1009)]),
            FrameCase("a frame of 2^63 bytes", [[0x81, 0xFF, 0x80, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4]], [.close(1009)]),
        ]
        + [3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map { opcode in
            FrameCase("opcode \(opcode)", [frame(0x80 | opcode, "x") + frame(0x89)], [.close(1002)])
        }

    private static let closes: [FrameCase] =
        [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999].map { code in
            FrameCase("close \(code)", [RawClient.close(code, reason: "bye") + frame(0x89)], [.close(code)])
        }
        + [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535].map { code in
            FrameCase("close \(code), which nobody may send", [RawClient.close(code)], [.close(1002)])
        } + [
            FrameCase("a close with the longest reason", [RawClient.close(1000, reason: letters(123))], [.close(1000)]),
            FrameCase("a close with a reason too long", [RawClient.close(1000, reason: letters(124))], [.close(1002)]),
            FrameCase("a close of one byte", [RawClient.frame(0x88, [3])], [.close(1002)]),
            FrameCase("a close whose reason is not UTF-8", [RawClient.frame(0x88, [3, 0xE8, 0xCE])], [.close(1002)]),
            FrameCase("a close within a message", [frame(0x01, "x") + RawClient.close(1000)], [.close(1000)]),
            FrameCase("a text, then a close", [frame(0x81, "x") + RawClient.close(1000)], [.text("x"), .close(1000)]),
            FrameCase("a fragmented close", [RawClient.frame(0x08, [3, 0xE8])], [.close(1002)]),
        ]

    // MARK: RFC 7692, where it was agreed

    /// - Throws: What zlib does not like.
    static func compressed() throws -> [FrameCase] {
        let hello = try RawDeflate.message(Array("Hello".utf8))
        let long = #"{"a":1}"# + letters(5000)
        let deflated = try RawDeflate.message(Array(long.utf8))
        let limit = try RawDeflate.message(Array(letters(longestMessage).utf8))
        let over = try RawDeflate.message(Array(letters(longestMessage + 1).utf8))
        let stored = try RawDeflate.message(Array(letters(longestMessage).utf8), level: 0)
        let final = try RawDeflate.finished(Array("Hello".utf8)) + [0]
        let zip = RawClient.frame
        return [
            // RFC 7692, 7.2.3.1.
            FrameCase("Hello", [zip(0xC1, [0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00], true, nil)], [.text("Hello")]),
            // RFC 7692, 7.2.3.3.
            FrameCase(
                "Hello in a block without compression",
                [zip(0xC1, [0x00, 0x05, 0x00, 0xFA, 0xFF, 0x48, 0x65, 0x6C, 0x6C, 0x6F, 0x00], true, nil)],
                [.text("Hello")]),
            // RFC 7692, 7.2.3.4.
            FrameCase("Hello in a final block", [zip(0xC1, final, true, nil)], [.text("Hello")]),
            // RFC 7692, 7.2.3.5.
            FrameCase(
                "Hello in two blocks",
                [zip(0xC1, [0xF2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xCA, 0xC9, 0xC9, 0x07, 0x00], true, nil)],
                [.text("Hello")]),
            FrameCase("an empty message", [zip(0xC1, [0], true, nil)], [.text("")]),
            FrameCase("no bytes at all", [zip(0xC1, [], true, nil)], [.text("")]),
            FrameCase(
                "the same message twice", [zip(0xC1, hello, true, nil) + zip(0xC1, hello, true, nil)],
                [.text("Hello"), .text("Hello")]),
            FrameCase(
                "compressed and not, in turn",
                [zip(0xC1, hello, true, nil) + frame(0x81, "plain") + zip(0xC1, deflated, true, nil)],
                [.text("Hello"), .text("plain"), .text(long)]),
            FrameCase(
                "fragments of one byte with pings between them",
                [
                    zip(0x41, [hello[0]], true, nil) + frame(0x89, "1")
                        + hello.dropFirst().flatMap { zip(0x00, [$0], true, nil) } + frame(0x89, "2") + frame(0x80)
                ], [.pong("1"), .pong("2"), .text("Hello")]),
            FrameCase(
                "an empty first fragment", [zip(0x41, [], true, nil) + zip(0x80, deflated, true, nil)], [.text(long)]),
            FrameCase("the longest message", [zip(0xC1, limit, true, nil)], [.text(letters(longestMessage))]),
            FrameCase(
                "the longest message, longer by compression", [zip(0xC1, stored, true, nil)],
                [.text(letters(longestMessage))]),
            FrameCase("a message too long once inflated", [zip(0xC1, over, true, nil)], [.close(1009)]),
            FrameCase("a plain message too long", [frame(0x81, letters(longestMessage + 1))], [.close(1009)]),
            FrameCase("no deflate data", [zip(0xC1, [0xFF, 0xFF, 0xFF], true, nil)], [.close(1007)]),
            FrameCase("deflate data cut off", [zip(0xC1, Array(deflated.dropLast(9)), true, nil)], [.close(1007)]),
            FrameCase("RSV1 on a binary message", [zip(0xC2, hello, true, nil)], [.close(1003)]),
            FrameCase("RSV1 on a close", [zip(0xC8, [3, 0xE8], true, nil)], [.close(1002)]),
            FrameCase(
                "RSV1 on a later fragment of a compressed message",
                [zip(0x41, hello, true, nil) + zip(0xC0, [], true, nil)], [.close(1002)]),
        ]
    }
}

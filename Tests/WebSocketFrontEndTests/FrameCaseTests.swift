import Testing

@testable import WebSocketFrontEnd

@Suite("Frame cases of RFC 6455 and RFC 7692", .timeLimit(.minutes(2)))
struct FrameCaseTests {
    private static let offer = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"

    /// Runs a case against a listener that answers every text with itself.
    private static func run(_ frameCase: FrameCase, compresses: Bool) async throws {
        let configuration = RunningListener.configuration {
            $0.maxFrameSize = FrameCase.longestMessage
            $0.compression = compresses ? .always : .never
        }
        try await RunningListener.run(configuration, admission: FrameTests.echo()) { running in
            try await frameCase.run {
                let adding = ["Sec-WebSocket-Protocol: ocpp1.6", Self.offer]
                let (response, client) = try await running.exchange(RawClient.handshake(adding: adding))
                #expect(response.status == 101)
                #expect((response.headers["sec-websocket-extensions"] != nil) == compresses)
                return client
            }
        }
    }

    @Test(arguments: FrameCase.plain)
    func `RFC 6455`(_ frameCase: FrameCase) async throws {
        try await Self.run(frameCase, compresses: false)
    }

    @Test(arguments: FrameCase.plain)
    func `RFC 6455 on a connection with permessage-deflate`(_ frameCase: FrameCase) async throws {
        try await Self.run(frameCase, compresses: true)
    }

    @Test(arguments: try FrameCase.compressed())
    func `RFC 7692`(_ frameCase: FrameCase) async throws {
        try await Self.run(frameCase, compresses: true)
    }

    @Test
    func `A compressed message where compression was not agreed is a protocol error`() async throws {
        let hello = try RawDeflate.message(Array("Hello".utf8))
        try await Self.run(FrameCase("RSV1", [RawClient.frame(0xC1, hello)], [.close(1002)]), compresses: false)
    }
}

import Foundation
import TestSupport

/// Tokens by Python's library (`Resources/token_maker.py`).
struct TokenMaker {
    struct Token: Encodable {
        var claims: [String: Claim]
        var algorithm = "HS256"
        var kid = "one"
    }

    enum Claim: Encodable, ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByArrayLiteral {
        case text(String)
        case number(Int)
        case texts([String])

        init(stringLiteral value: String) { self = .text(value) }
        init(integerLiteral value: Int) { self = .number(value) }
        init(arrayLiteral elements: String...) { self = .texts(elements) }

        /// Seconds from now.
        static func time(_ seconds: Int) -> Self { .number(Int(Date().timeIntervalSince1970) + seconds) }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            switch self {
            case .text(let text): try container.encode(text)
            case .number(let number): try container.encode(number)
            case .texts(let texts): try container.encode(texts)
            }
        }
    }

    private struct Request: Encodable {
        var secret: String
        var tokens: [Token]
        var folder: String?
    }

    static let secret = "s3cr3t-of-0123456789-0123456789-0123456789-0123456789-0123456789"

    /// - Parameter folder: where the key set goes that is for those by ES256.
    static func make(_ tokens: [Token], keySetIn folder: URL? = nil) async throws -> [String] {
        let request = FileManager.default.temporaryDirectory.appending(path: "tokens-\(UUID().uuidString)")
        try JSONEncoder().encode(Request(secret: secret, tokens: tokens, folder: folder?.path)).write(to: request)
        defer { try? FileManager.default.removeItem(at: request) }
        let maker = try await ChildProcess.start(
            try PythonChargePoint.python, [PythonChargePoint.script("token_maker.py"), request.path])
        let code = try await maker.exit().code
        let output = await maker.wholeOutput()
        guard code == 0 else { throw Failure("no tokens:\n\(output)") }
        let made = output.split(separator: "\n").map(String.init)
        for token in made {
            Secrets.add(token)
            // Neither its claims nor its signature alone.
            for part in token.split(separator: ".").dropFirst() { Secrets.add(String(part)) }
        }
        return made
    }
}

import JSONText
import NIOCore
import OutsideNames

extension JSON {
    /// Reads one JSON text (RFC 8259), at most 64 levels deep. A key that comes twice is refused: nobody could say which
    /// of the two counts.
    package init(reading buffer: ByteBuffer) throws(APIError) {
        self = try buffer.withUnsafeReadableBytesTyped { bytes throws(APIError) -> JSON in
            do throws(JSONBodyError) {
                return try JSON.value(of: try JSON.scan(bytes), in: bytes)
            } catch {
                throw .badRequest("the body is not JSON: \(error.text)")
            }
        }
    }

    /// The bytes of one member of the object that `buffer` is, as they were sent; nil: there is no such member.
    static func verbatim(_ key: String, in buffer: ByteBuffer) -> ByteBuffer? {
        var range: Range<Int>?
        buffer.withUnsafeReadableBytes { bytes in
            var start = 0
            while start < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[start]) { start += 1 }
            let object = UnsafeRawBufferPointer(rebasing: bytes[start...])
            try? JSONScanner.forEachMember(of: object) { name, value in
                if name.text(in: object).hasSameBytes(as: key) {
                    range = (value.start + start)..<(value.end + start)
                }
            }
        }
        return range.flatMap { buffer.getSlice(at: buffer.readerIndex + $0.lowerBound, length: $0.count) }
    }

    private static func scan(_ bytes: UnsafeRawBufferPointer) throws(JSONBodyError) -> JSONToken {
        var scanner = JSONScanner(bytes)
        do {
            scanner.skipWhitespace()
            let token = try scanner.scanValue()
            try scanner.expectEnd()
            return token
        } catch {
            throw .syntax(error, position: scanner.position)
        }
    }

    /// The value of a token that has been proved well-formed. Its depth is bounded by the scanner's.
    private static func value(
        of token: JSONToken, in bytes: UnsafeRawBufferPointer
    ) throws(JSONBodyError) -> JSON {
        switch token.kind {
        case .null: return .null
        case .true: return .bool(true)
        case .false: return .bool(false)
        case .number: return .number(String(decoding: bytes[token.range], as: UTF8.self))
        case .string: return .string(token.text(in: bytes))
        case .array: return .array(try elements(UnsafeRawBufferPointer(rebasing: bytes[token.range])))
        case .object: return .object(try members(UnsafeRawBufferPointer(rebasing: bytes[token.range])))
        }
    }

    private static func elements(_ bytes: UnsafeRawBufferPointer) throws(JSONBodyError) -> [JSON] {
        var tokens: [JSONToken] = []
        do {
            try JSONScanner.forEachElement(of: bytes) { tokens.append($0) }
        } catch { throw .syntax(error, position: 0) }
        var elements: [JSON] = []
        elements.reserveCapacity(tokens.count)
        for token in tokens { elements.append(try value(of: token, in: bytes)) }
        return elements
    }

    private static func members(_ bytes: UnsafeRawBufferPointer) throws(JSONBodyError) -> [Member] {
        var tokens: [(key: JSONToken, value: JSONToken)] = []
        do {
            try JSONScanner.forEachMember(of: bytes) { tokens.append(($0, $1)) }
        } catch { throw .syntax(error, position: 0) }
        var seen: Set<MemberKey> = []
        var members: [Member] = []
        members.reserveCapacity(tokens.count)
        for (key, token) in tokens {
            let name = key.text(in: bytes)
            guard seen.insert(MemberKey(name)).inserted else { throw .twice(name) }
            members.append(Member(name, try value(of: token, in: bytes)))
        }
        return members
    }
}

/// A key of an object, told apart by its bytes.
private typealias MemberKey = OutsideName<JSON>

private enum JSONBodyError: Error {
    case syntax(JSONSyntaxError, position: Int)
    case twice(String)

    var text: String {
        switch self {
        case .syntax(let error, let position): error.reason(atByte: position)
        case .twice(let key): "\"\(key.shortened)\" comes twice"
        }
    }
}

extension ByteBuffer {
    /// `withUnsafeReadableBytes` with a typed error.
    fileprivate func withUnsafeReadableBytesTyped<Result>(
        _ body: (UnsafeRawBufferPointer) throws(APIError) -> Result
    ) throws(APIError) -> Result {
        let result: Swift.Result<Result, APIError> = withUnsafeReadableBytes { bytes in
            do throws(APIError) {
                return .success(try body(bytes))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }
}

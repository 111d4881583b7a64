import CHiredis

/// A command's words, as bytes: RESP counts them, so that none can become two.
struct RedisCommand: Sendable, Equatable {
    let words: [[UInt8]]

    init(_ words: [String]) {
        self.words = words.map { Array($0.utf8) }
    }

    /// In a cluster it says where the rest is asked.
    var key: [UInt8] { words.count > 1 ? words[1] : [] }

    /// By hiredis.
    var serialized: [UInt8] {
        var bytes: UnsafeMutablePointer<CChar>?
        let all = Array(words.joined()) + [0]
        let length = all.withUnsafeBytes { all in
            var offset = 0
            var pointers: [UnsafePointer<CChar>?] = []
            for word in words {
                pointers.append(all.baseAddress.map { ($0 + offset).assumingMemoryBound(to: CChar.self) })
                offset += word.count
            }
            return redisFormatCommandArgv(&bytes, Int32(words.count), &pointers, words.map(\.count))
        }
        defer { redisFreeCommand(bytes) }
        guard length > 0, let bytes else { return [] }
        return Array(UnsafeRawBufferPointer(start: bytes, count: Int(length)))
    }
}

/// What Redis answers (RESP 2).
enum RedisValue: Sendable, Equatable {
    case status(String)
    /// The server's words, which may quote the command.
    case error(String)
    case integer(Int64)
    case bytes([UInt8])
    case null
    case array([RedisValue])

    fileprivate init(_ reply: redisReply) {
        var bytes: [UInt8] { reply.str.map { Array(UnsafeRawBufferPointer(start: $0, count: reply.len)) } ?? [] }
        switch reply.type {
        case REDIS_REPLY_STATUS: self = .status(String(decoding: bytes, as: UTF8.self))
        case REDIS_REPLY_ERROR: self = .error(String(decoding: bytes, as: UTF8.self))
        case REDIS_REPLY_INTEGER: self = .integer(reply.integer)
        case REDIS_REPLY_STRING: self = .bytes(bytes)
        case REDIS_REPLY_ARRAY:
            let elements = UnsafeBufferPointer(start: reply.element, count: reply.elements)
            self = .array(elements.map { $0.map { RedisValue($0.pointee) } ?? .null })
        default: self = .null
        }
    }

    var text: String? {
        switch self {
        case .status(let text): text
        case .bytes(let bytes): String(decoding: bytes, as: UTF8.self)
        case .array, .error, .integer, .null: nil
        }
    }
}

/// Parses answers by hiredis, which nests seven deep at most. Bounded in bytes by the one who feeds it, and in elements
/// here: hiredis takes memory for as many as a header promises.
final class RedisAnswerReader {
    struct Fault: Error, Equatable {
        let reason: String
    }

    private static let mostElements = 65_536

    private let reader: UnsafeMutablePointer<redisReader>
    private let functions: UnsafeMutablePointer<redisReplyObjectFunctions>

    /// hiredis' own way to make an array.
    private static let makeArray: (@convention(c) (UnsafePointer<redisReadTask>?, Int32) -> UnsafeMutableRawPointer?)? =
        {
            guard let reader = redisReaderCreate() else { return nil }
            defer { redisReaderFree(reader) }
            return reader.pointee.fn.pointee.createArray
        }()

    /// Nil: no memory.
    init?() {
        guard let reader = redisReaderCreate() else { return nil }
        self.reader = reader
        functions = .allocate(capacity: 1)
        functions.initialize(to: reader.pointee.fn.pointee)
        functions.pointee.createArray = { task, count in
            guard count <= RedisAnswerReader.mostElements else { return nil }
            return RedisAnswerReader.makeArray?(task, count)
        }
        reader.pointee.fn = functions
    }

    deinit {
        redisReaderFree(reader)
        functions.deallocate()
    }

    func feed(_ bytes: UnsafeRawBufferPointer) throws(Fault) {
        guard let start = bytes.baseAddress, !bytes.isEmpty else { return }
        let code = redisReaderFeed(reader, start.assumingMemoryBound(to: CChar.self), bytes.count)
        guard code == REDIS_OK else { throw Fault(reason: "the answer cannot be read") }
    }

    /// The next whole answer; nil: more is to come.
    func next() throws(Fault) -> RedisValue? {
        var pointer: UnsafeMutableRawPointer?
        guard redisReaderGetReply(reader, &pointer) == REDIS_OK else { throw Fault(reason: "the answer is no RESP") }
        guard let pointer else { return nil }
        defer { freeReplyObject(pointer) }
        return RedisValue(pointer.assumingMemoryBound(to: redisReply.self).pointee)
    }
}

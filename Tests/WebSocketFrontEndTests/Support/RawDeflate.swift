import CZlib

/// The other side's zlib, with everything a peer may choose.
enum RawDeflate {
    struct Failed: Error {
        var code: CInt
    }

    /// One message as permessage-deflate has it: flushed, without the four bytes at the end.
    static func message(_ bytes: [UInt8], level: CInt = 6, windowBits: CInt = 15) throws -> [UInt8] {
        let flushed = try run(bytes, flush: Z_SYNC_FLUSH, level: level, windowBits: windowBits)
        return Array(flushed.dropLast(4))
    }

    /// With a final block.
    static func finished(_ bytes: [UInt8]) throws -> [UInt8] {
        try run(bytes, flush: Z_FINISH, level: 6, windowBits: 15)
    }

    /// One after the other, each referring back to those before.
    static func messages(_ texts: [[UInt8]], windowBits: CInt) throws -> [[UInt8]] {
        try withUnsafeTemporaryAllocation(of: z_stream.self, capacity: 1) { streams in
            streams.initialize(repeating: z_stream())
            let stream = try streams.baseAddress ?? { throw Failed(code: Z_MEM_ERROR) }()
            let started = CZlib_deflateInit2(stream, 6, -windowBits, 8)
            guard started == Z_OK else { throw Failed(code: started) }
            defer { deflateEnd(stream) }
            return try texts.map { text in
                var input = text
                var output = [UInt8](repeating: 0, count: text.count * 2 + 100)
                return try input.withUnsafeMutableBufferPointer { input in
                    try output.withUnsafeMutableBufferPointer { output in
                        stream.pointee.next_in = input.baseAddress
                        stream.pointee.avail_in = UInt32(input.count)
                        stream.pointee.next_out = output.baseAddress
                        stream.pointee.avail_out = UInt32(output.count)
                        let result = deflate(stream, Z_SYNC_FLUSH)
                        guard result == Z_OK else { throw Failed(code: result) }
                        return Array(output.dropLast(Int(stream.pointee.avail_out)).dropLast(4))
                    }
                }
            }
        }
    }

    private static func run(_ bytes: [UInt8], flush: CInt, level: CInt, windowBits: CInt) throws -> [UInt8] {
        var input = bytes
        var output = [UInt8](repeating: 0, count: bytes.count + bytes.count / 100 + 100)
        return try withUnsafeTemporaryAllocation(of: z_stream.self, capacity: 1) { streams in
            streams.initialize(repeating: z_stream())
            let stream = try streams.baseAddress ?? { throw Failed(code: Z_MEM_ERROR) }()
            let started = CZlib_deflateInit2(stream, level, -windowBits, 8)
            guard started == Z_OK else { throw Failed(code: started) }
            defer { deflateEnd(stream) }
            return try input.withUnsafeMutableBufferPointer { input in
                try output.withUnsafeMutableBufferPointer { output in
                    stream.pointee.next_in = input.baseAddress
                    stream.pointee.avail_in = UInt32(input.count)
                    stream.pointee.next_out = output.baseAddress
                    stream.pointee.avail_out = UInt32(output.count)
                    let result = deflate(stream, flush)
                    guard result == Z_OK || result == Z_STREAM_END else { throw Failed(code: result) }
                    return Array(output.dropLast(Int(stream.pointee.avail_out)))
                }
            }
        }
    }

    /// - Parameter windowBits: Of the receiver: what reaches back further fails.
    static func inflated(_ message: [UInt8], windowBits: CInt = 15) throws -> [UInt8] {
        var input = message + [0, 0, 0xFF, 0xFF]
        var inflated: [UInt8] = []
        return try withUnsafeTemporaryAllocation(of: z_stream.self, capacity: 1) { streams in
            streams.initialize(repeating: z_stream())
            let stream = try streams.baseAddress ?? { throw Failed(code: Z_MEM_ERROR) }()
            let started = CZlib_inflateInit2(stream, -windowBits)
            guard started == Z_OK else { throw Failed(code: started) }
            defer { inflateEnd(stream) }
            return try input.withUnsafeMutableBufferPointer { input in
                stream.pointee.next_in = input.baseAddress
                stream.pointee.avail_in = UInt32(input.count)
                var output = [UInt8](repeating: 0, count: 4096)
                var hasMore = true
                while hasMore {
                    let (result, left) = output.withUnsafeMutableBufferPointer { output in
                        stream.pointee.next_out = output.baseAddress
                        stream.pointee.avail_out = UInt32(output.count)
                        return (inflate(stream, Z_SYNC_FLUSH), Int(stream.pointee.avail_out))
                    }
                    guard result == Z_OK || result == Z_BUF_ERROR else { throw Failed(code: result) }
                    inflated += output.dropLast(left)
                    hasMore = left == 0
                }
                return inflated
            }
        }
    }
}

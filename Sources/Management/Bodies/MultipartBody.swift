import Glibc
import NIOCore

/// The one file in a `multipart/form-data` body (RFC 7578), as `curl -F filename=@users.csv` sends it.
package struct MultipartBody {
    /// As the client names it; for what it is worth.
    package var fileName: String?
    package var contentType: String?
    package var content: ByteBuffer

    /// One is wanted.
    private static let mostParts = 16

    /// - Parameter boundary: From the request's Content-Type.
    package init(reading body: ByteBuffer, boundary: String) throws(APIError) {
        guard (1...70).contains(boundary.utf8.count) else { throw .badRequest("multipart: no usable boundary") }
        let delimiter = Array("--\(boundary)".utf8)
        let lineDelimiter = Array("\r\n--\(boundary)".utf8)
        let view = body.readableBytesView
        guard var start = Self.find(delimiter, in: view, from: view.startIndex) else {
            throw .badRequest("multipart: the boundary is not in the body")
        }
        var file: MultipartBody?
        for part in 0... {
            start += delimiter.count
            if view[start...].starts(with: Array("--".utf8)) { break }
            guard part < Self.mostParts else {
                throw .badRequest("multipart: more than \(Self.mostParts) parts, where one file is expected")
            }
            guard view[start...].starts(with: Array("\r\n".utf8)),
                let headEnd = Self.find(Array("\r\n\r\n".utf8), in: view, from: start, limit: 8192),
                let end = Self.find(lineDelimiter, in: view, from: headEnd + 2)
            else { throw .badRequest("multipart: a part without an end") }
            let head = PartHead(String(decoding: view[start..<headEnd], as: UTF8.self))
            if head.isFile {
                guard file == nil else { throw .badRequest("multipart: more than one file") }
                let first = min(headEnd + 4, end)
                guard let content = body.getSlice(at: first, length: end - first) else {
                    throw .badRequest("multipart: a part without an end")
                }
                file = MultipartBody(fileName: head.fileName, contentType: head.contentType, content: content)
            }
            start = end + 2
        }
        guard let file else { throw .badRequest("multipart: no file") }
        self = file
    }

    private init(fileName: String?, contentType: String?, content: ByteBuffer) {
        self.fileName = fileName
        self.contentType = contentType
        self.content = content
    }

    /// `boundary` of a Content-Type; nil: none.
    package static func boundary(ofContentType type: String) -> String? {
        PartHead.parameter("boundary", in: type)
    }

    /// Where `needle` begins at or behind `start`. Looks for its first byte, then at the rest: a boundary begins with
    /// CR or a hyphen, and is 76 bytes at the most.
    ///
    /// - Parameter limit: Bytes from `start` on; nil: all.
    private static func find(
        _ needle: [UInt8], in view: ByteBufferView, from start: Int, limit: Int? = nil
    ) -> Int? {
        view.withUnsafeBytes { bytes in
            let first = start - view.startIndex
            let end = min(bytes.count, limit.map { first + $0 } ?? .max) - needle.count
            var position = first
            while position <= end, let base = bytes.baseAddress {
                guard let next = memchr(base + position, Int32(needle[0]), end - position + 1) else { return nil }
                if memcmp(next, needle, needle.count) == 0 {
                    return view.startIndex + (UnsafeRawPointer(next) - base)
                }
                position = UnsafeRawPointer(next) - base + 1
            }
            return nil
        }
    }
}

/// The header lines of one part.
private struct PartHead {
    var fileName: String?
    var contentType: String?
    var isFile = false

    init(_ text: String) {
        for line in text.split(separator: "\r\n") {
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2 else { continue }
            let value = parts[1].drop { $0 == " " }
            switch parts[0].lowercased() {
            case "content-type": contentType = String(value)
            case "content-disposition":
                fileName = Self.parameter("filename", in: String(value))
                // EMQX calls the field `filename`; curl adds a file name of its own to it.
                isFile = fileName != nil || Self.parameter("name", in: String(value)) == "filename"
            default: break
            }
        }
    }

    /// The value of `; name=value` or `; name="value"`.
    static func parameter(_ name: String, in header: String) -> String? {
        for part in header.split(separator: ";").dropFirst() {
            let pair = part.split(separator: "=", maxSplits: 1)
            guard pair.count == 2 else { continue }
            guard pair[0].filter({ $0 != " " && $0 != "\t" }).lowercased() == name else { continue }
            let value = pair[1].filter { $0 != "\r" && $0 != "\n" }
            return value.hasPrefix("\"") ? String(value.dropFirst().prefix { $0 != "\"" }) : value
        }
        return nil
    }
}

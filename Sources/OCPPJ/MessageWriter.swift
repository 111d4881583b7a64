import JSONText
import NIOCore

extension OCPPMessage {
    /// The relay message for the broker: keys in the order of relay-format.md, no white space, the charge point's own
    /// bytes where it sent some.
    package func relay() -> ByteBuffer {
        // What is written beside the text's own parts has less than 100 bytes.
        written(most: text.readableBytes + 128) { out in
            out.write("{\"MessageTypeId\":")
            out.write(typeDigit)
            out.write(",\"UniqueId\":")
            out.write(uniqueIDToken)
            switch body {
            case .call(let action, let payload), .send(let action, let payload):
                out.write(",\"Action\":\"")
                out.write(action)
                out.write("\",\"Payload\":")
                out.write(payload, else: "{}")
            case .callResult(let payload):
                out.write(",\"Payload\":")
                out.write(payload, else: "{}")
            case .callError(let code, let description, let details),
                .callResultError(let code, let description, let details):
                out.write(",\"ErrorCode\":")
                out.write(code)
                out.write(",\"ErrorDescription\":")
                out.write(description, else: "\"\"")
                out.write(",\"ErrorDetails\":")
                out.write(details, else: "{}")
            }
            out.write(UInt8(ascii: "}"))
        }
    }

    /// The OCPP-J message for the charge point (OCPP-J 1.6, 4.2).
    package func frame() -> ByteBuffer {
        let description = cutDescription
        return written(most: text.readableBytes + 16 + (description?.readableBytes ?? 0)) { out in
            out.write(UInt8(ascii: "["))
            out.write(typeDigit)
            out.write(UInt8(ascii: ","))
            out.write(uniqueIDToken)
            switch body {
            case .call(let action, let payload), .send(let action, let payload):
                out.write(",\"")
                out.write(action)
                out.write("\",")
                out.write(payload, else: "{}")
            case .callResult(let payload):
                out.write(UInt8(ascii: ","))
                out.write(payload, else: "{}")
            case .callError(let code, let whole, let details), .callResultError(let code, let whole, let details):
                out.write(UInt8(ascii: ","))
                out.write(code)
                out.write(UInt8(ascii: ","))
                if let description {
                    description.withUnsafeReadableBytes { out.write($0) }
                } else {
                    out.write(whole, else: "\"\"")
                }
                out.write(UInt8(ascii: ","))
                out.write(details.flatMap { isObject($0) ? $0 : nil }, else: "{}")
            }
            out.write(UInt8(ascii: "]"))
        }
    }

    private var typeDigit: UInt8 { UInt8(ascii: "0") + UInt8(type.rawValue) }

    /// Charge points expect an object in the place of ErrorDetails (OCPP-J 1.6, 4.2.3).
    private func isObject(_ part: Range<Int>) -> Bool {
        text.getInteger(at: text.readerIndex + part.lowerBound, as: UInt8.self) == UInt8(ascii: "{")
    }

    /// Charge points expect at most 255 characters (OCPP-J 1.6, 4.2.3); nil where there is nothing to cut.
    private var cutDescription: ByteBuffer? {
        switch body {
        case .callError(_, let part?, _), .callResultError(_, let part?, _):
            // With its quotes; a character has at least one byte.
            guard part.count > GatewayError.longestDescription + 2 else { return nil }
            let whole = text.withUnsafeReadableBytes { bytes in
                JSONToken(kind: .string, hasEscapes: true, start: part.lowerBound, end: part.upperBound).text(in: bytes)
            }
            var cut = ByteBuffer()
            cut.writeJSONString(String(whole.unicodeScalars.prefix(GatewayError.longestDescription)))
            return cut
        default: return nil
        }
    }

    private func written(most count: Int, _ write: (inout PartWriter) -> Void) -> ByteBuffer {
        var out = ByteBufferAllocator().buffer(capacity: count)
        text.withUnsafeReadableBytes { source in
            _ = out.writeWithUnsafeMutableBytes(minimumWritableBytes: count) { memory in
                var writer = PartWriter(memory: memory, source: source)
                write(&writer)
                return writer.count
            }
        }
        return out
    }
}

/// Puts parts of a text, and what stands between them, into memory that has room for all: one look at the buffer
/// instead of one for each part.
private struct PartWriter {
    let memory: UnsafeMutableRawBufferPointer
    let source: UnsafeRawBufferPointer
    private(set) var count = 0

    init(memory: UnsafeMutableRawBufferPointer, source: UnsafeRawBufferPointer) {
        self.memory = memory
        self.source = source
    }

    mutating func write(_ byte: UInt8) {
        precondition(count < memory.count)
        memory[count] = byte
        count += 1
    }

    mutating func write(_ text: StaticString) {
        write(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    mutating func write(_ text: String) {
        var text = text
        text.withUTF8 { write(UnsafeRawBufferPointer($0)) }
    }

    mutating func write(_ part: Range<Int>) {
        write(UnsafeRawBufferPointer(rebasing: source[part]))
    }

    mutating func write(_ part: Range<Int>?, else fallback: StaticString) {
        if let part { write(part) } else { write(fallback) }
    }

    mutating func write(_ bytes: UnsafeRawBufferPointer) {
        precondition(bytes.count <= memory.count - count, "parts that are longer than their text")
        UnsafeMutableRawBufferPointer(rebasing: memory[count...]).copyMemory(from: bytes)
        count += bytes.count
    }
}

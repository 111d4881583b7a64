import JSONText
import NIOCore

extension OCPPMessage {
    /// The relay message for the broker: keys in the order of relay-format.md, no white space, the charge point's own
    /// bytes where it sent some.
    package func relay() -> ByteBuffer {
        var out = ByteBufferAllocator().buffer(capacity: text.readableBytes + 128)
        out.writeStaticString("{\"MessageTypeId\":")
        out.writeInteger(UInt8(ascii: "0") + UInt8(type.rawValue))
        out.writeStaticString(",\"UniqueId\":")
        copy(uniqueIDToken, to: &out)
        switch body {
        case .call(let action, let payload), .send(let action, let payload):
            out.writeStaticString(",\"Action\":\"")
            out.writeString(action)
            out.writeStaticString("\",\"Payload\":")
            copy(payload, else: "{}", to: &out)
        case .callResult(let payload):
            out.writeStaticString(",\"Payload\":")
            copy(payload, else: "{}", to: &out)
        case .callError(let code, let description, let details),
            .callResultError(let code, let description, let details):
            out.writeStaticString(",\"ErrorCode\":")
            copy(code, to: &out)
            out.writeStaticString(",\"ErrorDescription\":")
            copy(description, else: "\"\"", to: &out)
            out.writeStaticString(",\"ErrorDetails\":")
            copy(details, else: "{}", to: &out)
        }
        out.writeInteger(UInt8(ascii: "}"))
        return out
    }

    /// The OCPP-J message for the charge point (OCPP-J 1.6, 4.2).
    package func frame() -> ByteBuffer {
        var out = ByteBufferAllocator().buffer(capacity: text.readableBytes + 16)
        out.writeInteger(UInt8(ascii: "["))
        out.writeInteger(UInt8(ascii: "0") + UInt8(type.rawValue))
        out.writeInteger(UInt8(ascii: ","))
        copy(uniqueIDToken, to: &out)
        switch body {
        case .call(let action, let payload), .send(let action, let payload):
            out.writeStaticString(",\"")
            out.writeString(action)
            out.writeStaticString("\",")
            copy(payload, else: "{}", to: &out)
        case .callResult(let payload):
            out.writeInteger(UInt8(ascii: ","))
            copy(payload, else: "{}", to: &out)
        case .callError(let code, let description, let details),
            .callResultError(let code, let description, let details):
            out.writeInteger(UInt8(ascii: ","))
            copy(code, to: &out)
            out.writeInteger(UInt8(ascii: ","))
            if let description { copyDescription(description, to: &out) } else { out.writeStaticString("\"\"") }
            out.writeInteger(UInt8(ascii: ","))
            copy(details.flatMap { isObject($0) ? $0 : nil }, else: "{}", to: &out)
        }
        out.writeInteger(UInt8(ascii: "]"))
        return out
    }

    /// Charge points expect an object in the place of ErrorDetails (OCPP-J 1.6, 4.2.3).
    private func isObject(_ part: Range<Int>) -> Bool {
        text.getInteger(at: text.readerIndex + part.lowerBound, as: UInt8.self) == UInt8(ascii: "{")
    }

    /// Charge points expect at most 255 characters (OCPP-J 1.6, 4.2.3).
    private func copyDescription(_ part: Range<Int>, to out: inout ByteBuffer) {
        // With its quotes; a character has at least one byte.
        if part.count <= GatewayError.longestDescription + 2 { return copy(part, to: &out) }
        let whole = text.withUnsafeReadableBytes { bytes in
            JSONToken(kind: .string, hasEscapes: true, start: part.lowerBound, end: part.upperBound).text(in: bytes)
        }
        out.writeJSONString(String(whole.unicodeScalars.prefix(GatewayError.longestDescription)))
    }

    private func copy(_ part: Range<Int>?, else fallback: StaticString, to out: inout ByteBuffer) {
        if let part { copy(part, to: &out) } else { out.writeStaticString(fallback) }
    }

    private func copy(_ part: Range<Int>, to out: inout ByteBuffer) {
        text.withUnsafeReadableBytes { bytes in
            _ = out.writeBytes(UnsafeRawBufferPointer(rebasing: bytes[part]))
        }
    }
}

import NIOCore
import OutsideNames

/// A CALLERROR of the gateway's own making.
package struct GatewayError: Sendable, Equatable {
    /// Stands for a UniqueId that could not be read (OCPP-J 1.6, 4.2.3).
    package static let unknownUniqueID: UniqueID = "-1"
    /// OCPP's limit for an ErrorDescription, in characters.
    package static let longestDescription = 255

    package var uniqueID: UniqueID
    /// As the charge point's version spells it.
    package var code: String
    package var description: String

    package init(uniqueID: UniqueID?, code: String, description: String) {
        self.uniqueID = uniqueID ?? Self.unknownUniqueID
        self.code = code
        self.description = String(description.unicodeScalars.prefix(Self.longestDescription))
    }

    /// The CALLERROR, or CALLRESULTERROR, that a charge point gets for its own message.
    package func frame(_ type: MessageType = .callError) -> ByteBuffer {
        var out = ByteBufferAllocator().buffer(capacity: 64 + description.utf8.count)
        out.writeInteger(UInt8(ascii: "["))
        out.writeInteger(UInt8(ascii: "0") + UInt8(type.rawValue))
        out.writeInteger(UInt8(ascii: ","))
        out.writeJSONString(uniqueID)
        out.writeInteger(UInt8(ascii: ","))
        out.writeJSONString(code)
        out.writeInteger(UInt8(ascii: ","))
        out.writeJSONString(description)
        out.writeStaticString(",{}]")
        return out
    }

    /// The report that the backend gets for a message it sent (relay-format.md, "Errors that the gateway itself
    /// reports upstream").
    ///
    /// - Parameter type: of the message that failed; nil where it could not be read.
    package func relay(reason: String, type: MessageType?) -> ByteBuffer {
        var out = ByteBufferAllocator().buffer(capacity: 192 + description.utf8.count)
        out.writeStaticString("{\"MessageTypeId\":4,\"UniqueId\":")
        out.writeJSONString(uniqueID)
        out.writeStaticString(",\"ErrorCode\":")
        out.writeJSONString(code)
        out.writeStaticString(",\"ErrorDescription\":")
        out.writeJSONString(description)
        out.writeStaticString(",\"ErrorDetails\":{\"source\":\"gateway\",\"reason\":")
        out.writeJSONString(reason)
        if let type {
            out.writeStaticString(",\"type\":")
            out.writeInteger(UInt8(ascii: "0") + UInt8(type.rawValue))
        }
        out.writeStaticString("}}")
        return out
    }
}

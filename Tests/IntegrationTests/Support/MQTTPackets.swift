import NIOCore
import TestSupport

/// The MQTT packets that a test client writes and reads (MQTT 5, chapter 3; MQTT 3.1.1 without properties).
enum MQTTPackets {
    static func connect(
        clientID: String, version: MQTTVersion, cleanStart: Bool, credentials: (user: String, password: String)? = nil
    ) -> ByteBuffer {
        packet(0x10) { body in
            body.writeMQTT("MQTT")
            body.writeInteger(version.rawValue)
            body.writeInteger(UInt8((cleanStart ? 0x02 : 0x00) | (credentials == nil ? 0 : 0xC0)))
            body.writeInteger(UInt16(0))  // no keep-alive: a test may be slow
            if version == .v5 {
                body.writeVariableByteInteger(5)
                body.writeInteger(UInt8(0x11))  // Session Expiry Interval
                body.writeInteger(UInt32(cleanStart ? 0 : 3600))
            }
            body.writeMQTT(clientID)
            if let credentials {
                body.writeMQTT(credentials.user)
                body.writeMQTT(credentials.password)
            }
        }
    }

    static func subscribe(id: UInt16, filters: [String], qualityOfService: Int, version: MQTTVersion) -> ByteBuffer {
        packet(0x82) { body in
            body.writeInteger(id)
            if version == .v5 {
                body.writeVariableByteInteger(0)
            }
            for filter in filters {
                body.writeMQTT(filter)
                body.writeInteger(UInt8(qualityOfService))
            }
        }
    }

    static func publish(_ message: MQTTMessage, id: UInt16, version: MQTTVersion) -> ByteBuffer {
        let flags = UInt8(message.qualityOfService << 1) | (message.isRetained ? 1 : 0)
        return packet(0x30 | flags) { body in
            body.writeMQTT(message.topic)
            if message.qualityOfService > 0 {
                body.writeInteger(id)
            }
            if version == .v5 {
                var properties = ByteBuffer()
                if let expiry = message.messageExpiry {
                    properties.writeInteger(UInt8(0x02))
                    properties.writeInteger(expiry)
                }
                if let topic = message.responseTopic {
                    properties.writeInteger(UInt8(0x08))
                    properties.writeMQTT(topic)
                }
                if let correlation = message.correlationData {
                    properties.writeInteger(UInt8(0x09))
                    properties.writeMQTT(correlation)
                }
                for (name, value) in message.userProperties {
                    properties.writeInteger(UInt8(0x26))
                    properties.writeMQTT(name)
                    properties.writeMQTT(value)
                }
                body.writeVariableByteInteger(properties.readableBytes)
                body.writeBuffer(&properties)
            }
            body.writeBytes(message.payload)
        }
    }

    static func acknowledgement(_ type: UInt8, id: UInt16) -> ByteBuffer {
        packet(type) { $0.writeInteger(id) }
    }

    static var disconnect: ByteBuffer {
        packet(0xE0) { _ in }
    }

    private static func packet(_ type: UInt8, _ write: (inout ByteBuffer) -> Void) -> ByteBuffer {
        var body = ByteBuffer()
        write(&body)
        var packet = ByteBuffer()
        packet.writeInteger(type)
        packet.writeVariableByteInteger(body.readableBytes)
        packet.writeBuffer(&body)
        return packet
    }

    /// The message of a PUBLISH and its packet identifier (0 with QoS 0).
    static func readPublish(
        flags: UInt8, _ body: inout ByteBuffer, version: MQTTVersion
    ) throws -> (MQTTMessage, UInt16) {
        var message = MQTTMessage(topic: try body.readMQTTString(), payload: [])
        message.qualityOfService = Int(flags >> 1 & 0x03)
        message.isRetained = flags & 0x01 == 1
        let id = message.qualityOfService > 0 ? try body.require(UInt16.self) : 0
        if version == .v5 {
            let length = try body.readVariableByteInteger()
            guard var properties = body.readSlice(length: length) else {
                throw Failure("MQTT: properties cut off")
            }
            try readProperties(&properties, into: &message)
        }
        message.payload = Array(body.readableBytesView)
        return (message, id)
    }

    private static func readProperties(_ bytes: inout ByteBuffer, into message: inout MQTTMessage) throws {
        while let identifier: UInt8 = bytes.readInteger() {
            switch identifier {
            case 0x01: _ = try bytes.require(UInt8.self)
            case 0x02: message.messageExpiry = try bytes.require(UInt32.self)
            case 0x03: message.contentType = try bytes.readMQTTString()
            case 0x08: message.responseTopic = try bytes.readMQTTString()
            case 0x09: message.correlationData = try bytes.readMQTTString()
            case 0x0B: _ = try bytes.readVariableByteInteger()
            case 0x23: _ = try bytes.require(UInt16.self)
            case 0x26: message.userProperties[try bytes.readMQTTString()] = try bytes.readMQTTString()
            default: throw Failure("MQTT: property \(identifier) in a PUBLISH")
            }
        }
    }

    /// The broker's Receive Maximum, where the CONNACK's properties name one.
    static func readReceiveMaximum(_ properties: inout ByteBuffer) throws -> Int? {
        while let identifier: UInt8 = properties.readInteger() {
            switch identifier {
            case 0x21: return Int(try properties.require(UInt16.self))
            case 0x11, 0x27: _ = try properties.require(UInt32.self)
            case 0x13, 0x22: _ = try properties.require(UInt16.self)
            case 0x24, 0x25, 0x28, 0x29, 0x2A: _ = try properties.require(UInt8.self)
            case 0x12, 0x15, 0x1A, 0x1C, 0x1F: _ = try properties.readMQTTString()
            case 0x26: _ = (try properties.readMQTTString(), try properties.readMQTTString())
            default: return nil
            }
        }
        return nil
    }
}

extension ByteBuffer {
    mutating func writeMQTT(_ text: String) {
        writeInteger(UInt16(text.utf8.count))
        writeString(text)
    }

    mutating func writeVariableByteInteger(_ value: Int) {
        var rest = value
        repeat {
            let digit = UInt8(rest % 128)
            rest /= 128
            writeInteger(rest > 0 ? digit | 0x80 : digit)
        } while rest > 0
    }

    mutating func readMQTTString() throws -> String {
        let length = try require(UInt16.self)
        guard let text = readString(length: Int(length)) else {
            throw Failure("MQTT: string cut off")
        }
        return text
    }

    mutating func require<Value: FixedWidthInteger>(_: Value.Type) throws -> Value {
        guard let value: Value = readInteger() else {
            throw Failure("MQTT: packet cut off")
        }
        return value
    }

    mutating func readVariableByteInteger() throws -> Int {
        var value = 0
        for shift in stride(from: 0, through: 21, by: 7) {
            let digit = try require(UInt8.self)
            value |= Int(digit & 0x7F) << shift
            if digit & 0x80 == 0 {
                return value
            }
        }
        throw Failure("MQTT: a length of more than four bytes")
    }
}

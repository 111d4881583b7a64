import JSONText
import NIOCore
import OCPPJ

/// What a charge point says in its BootNotification that it is; kept in one piece of memory of little more than its
/// 200 bytes at most, as every session has one.
package struct BootIdentity: Sendable, Equatable {
    /// Bytes of each: all three, with their lengths, in 200. OCPP allows 50 characters at most.
    private static let longestValue = 65

    /// The three texts, each behind its length.
    private let bytes: [UInt8]

    package var vendor: String { text(0) }
    package var model: String { text(1) }
    package var firmware: String { text(2) }

    private func text(_ index: Int) -> String {
        var start = 0
        for _ in 0..<index { start += 1 + Int(bytes[start]) }
        return String(decoding: bytes[(start + 1)...].prefix(Int(bytes[start])), as: UTF8.self)
    }

    private init(_ texts: [String]) {
        bytes = texts.flatMap { text in
            var end = text.unicodeScalars.startIndex
            var length = 0
            // Whole characters only.
            for index in text.unicodeScalars.indices {
                length += UTF8.width(text.unicodeScalars[index])
                guard length <= Self.longestValue else { break }
                end = text.unicodeScalars.index(after: index)
            }
            let shown = Array(String(text.unicodeScalars[..<end]).utf8)
            return [UInt8(shown.count)] + shown
        }
    }

    /// Of a BootNotification, in 1.6 as in 2.x (there in `chargingStation`); nil for any other message.
    init?(_ message: OCPPMessage) {
        guard case .call("BootNotification", let payload?) = message.body else { return nil }
        var texts = ["", "", ""]
        message.text.withUnsafeReadableBytes { bytes in
            Self.read(UnsafeRawBufferPointer(rebasing: bytes[payload]), into: &texts, mayDescend: true)
        }
        self.init(texts)
    }

    private static func read(_ object: UnsafeRawBufferPointer, into texts: inout [String], mayDescend: Bool) {
        var station: Range<Int>?
        try? JSONScanner.forEachMember(of: object) { key, value in
            if value.kind == .object, mayDescend, key.hasText("chargingStation", in: object) { station = value.range }
            // An escape takes six bytes for one.
            guard value.kind == .string, value.content.count <= 6 * longestValue else { return }
            if key.hasText("chargePointVendor", in: object) || key.hasText("vendorName", in: object) {
                texts[0] = value.text(in: object)
            } else if key.hasText("chargePointModel", in: object) || key.hasText("model", in: object) {
                texts[1] = value.text(in: object)
            } else if key.hasText("firmwareVersion", in: object) {
                texts[2] = value.text(in: object)
            }
        }
        if let station { read(UnsafeRawBufferPointer(rebasing: object[station]), into: &texts, mayDescend: false) }
    }
}

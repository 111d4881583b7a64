/// The UniqueIds of the load: 12 hexadecimal digits, of which the first two are the slot of the open CALL.
///
/// Of a fixed length, so that one can be patched into a frame that is otherwise ready, and read back without a parser.
enum LoadUniqueID {
    static let length = 12
    /// Open CALLs of one charge point at a time.
    static let slots = 64

    private static let digits = Array("0123456789abcdef".utf8)

    /// - Parameter write: is given each digit with its index.
    @inline(__always)
    static func digits(slot: Int, sequence: UInt64, _ write: (Int, UInt8) -> Void) {
        var rest = sequence & 0xFF_FFFF_FFFF | UInt64(slot) << 40
        for index in stride(from: length - 1, through: 0, by: -1) {
            write(index, digits[Int(rest & 15)])
            rest >>= 4
        }
    }

    /// Nil when these bytes are no UniqueId of ours.
    @inline(__always)
    static func read(_ bytes: UnsafeRawBufferPointer) -> (slot: Int, sequence: UInt64)? {
        guard bytes.count == length else { return nil }
        var value: UInt64 = 0
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = value << 4 | UInt64(byte - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"): value = value << 4 | UInt64(byte - UInt8(ascii: "a") + 10)
            default: return nil
            }
        }
        let slot = Int(value >> 40)
        return slot < slots ? (slot, value & 0xFF_FFFF_FFFF) : nil
    }
}

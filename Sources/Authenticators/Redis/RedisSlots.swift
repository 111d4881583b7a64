import CredentialChecking

/// Which node of a cluster has which keys (Redis' cluster specification).
struct RedisSlots: Equatable {
    static let count = 16_384

    private var nodes: [BackendServers.Server] = []
    /// By slot: an index of `nodes`; -1: not known.
    private var owners = [Int32](repeating: -1, count: count)

    init() {}

    /// - Parameters:
    ///   - answer: to CLUSTER SLOTS.
    ///   - server: who has given it; a node without an address is it.
    init?(_ answer: RedisValue, from server: BackendServers.Server) {
        guard case .array(let ranges) = answer else { return nil }
        for range in ranges {
            guard case .array(let parts) = range, parts.count >= 3, case .integer(let first) = parts[0],
                case .integer(let last) = parts[1], first >= 0, first <= last, last < Int64(Self.count),
                case .array(let master) = parts[2], master.count >= 2, case .integer(let port) = master[1],
                (1...65_535).contains(port)
            else { return nil }
            let host = master[0].text ?? ""
            let node = BackendServers.Server(host: host.isEmpty || host == "?" ? server.host : host, port: Int(port))
            for slot in Int(first)...Int(last) { move(slot, to: node) }
        }
    }

    subscript(slot: Int) -> BackendServers.Server? {
        guard owners.indices.contains(slot), owners[slot] >= 0 else { return nil }
        return nodes[Int(owners[slot])]
    }

    mutating func move(_ slot: Int, to node: BackendServers.Server) {
        guard owners.indices.contains(slot) else { return }
        let index = nodes.firstIndex(of: node) ?? nodes.count
        if index == nodes.count { nodes.append(node) }
        owners[slot] = Int32(index)
    }

    /// Of the part between the first { and the next }, if there is anything between them; else of the whole key.
    static func slot(of key: [UInt8]) -> Int {
        var hashed = key[...]
        if let open = key.firstIndex(of: UInt8(ascii: "{")) {
            let rest = key[(open + 1)...]
            if let close = rest.firstIndex(of: UInt8(ascii: "}")), close > rest.startIndex {
                hashed = rest[..<close]
            }
        }
        return Int(crc16(hashed)) % count
    }

    /// CRC16-CCITT (XModem): polynomial 0x1021, from 0, not reflected.
    private static func crc16(_ bytes: ArraySlice<UInt8>) -> UInt16 {
        bytes.reduce(into: UInt16(0)) { crc, byte in
            crc ^= UInt16(byte) << 8
            for _ in 0..<8 { crc = crc & 0x8000 != 0 ? (crc << 1) ^ 0x1021 : crc << 1 }
        }
    }
}

/// `URI` of RFC 3986, 3: a scheme and the rest, ASCII only, no relative references.
enum URIText {
    static func isURI(_ text: UnsafeRawBufferPointer) -> Bool {
        guard let colon = text.firstIndex(of: UInt8(ascii: ":")), isScheme(text[..<colon]) else { return false }
        var rest = text[(colon + 1)...]
        if let mark = rest.firstIndex(of: UInt8(ascii: "#")) {
            guard isMadeOf(rest[(mark + 1)...], isQueryByte) else { return false }
            rest = rest[..<mark]
        }
        if let mark = rest.firstIndex(of: UInt8(ascii: "?")) {
            guard isMadeOf(rest[(mark + 1)...], isQueryByte) else { return false }
            rest = rest[..<mark]
        }
        if rest.starts(with: "//".utf8) {
            rest = rest.dropFirst(2)
            let slash = rest.firstIndex(of: UInt8(ascii: "/")) ?? rest.endIndex
            guard isAuthority(rest[..<slash]) else { return false }
            rest = rest[slash...]
        }
        return isMadeOf(rest, isPathByte)
    }

    private static func isScheme(_ text: Slice<UnsafeRawBufferPointer>) -> Bool {
        guard let first = text.first, first.isASCIILetter else { return false }
        return text.allSatisfy { $0.isASCIILetter || $0.isDecimalDigit || "+-.".utf8.contains($0) }
    }

    private static func isAuthority(_ text: Slice<UnsafeRawBufferPointer>) -> Bool {
        var host = text
        if let at = host.firstIndex(of: UInt8(ascii: "@")) {
            guard isMadeOf(host[..<at], { isNameByte($0) || $0 == UInt8(ascii: ":") }) else { return false }
            host = host[(at + 1)...]
        }
        if host.first == UInt8(ascii: "[") {
            guard let end = host.firstIndex(of: UInt8(ascii: "]")) else { return false }
            return isLiteral(host[(host.startIndex + 1)..<end]) && isPort(host[(end + 1)...])
        }
        let colon = host.firstIndex(of: UInt8(ascii: ":")) ?? host.endIndex
        return isMadeOf(host[..<colon], isNameByte) && isPort(host[colon...])
    }

    /// Nothing, or a colon and digits.
    private static func isPort(_ text: Slice<UnsafeRawBufferPointer>) -> Bool {
        guard let first = text.first else { return true }
        return first == UInt8(ascii: ":") && text.dropFirst().allSatisfy(\.isDecimalDigit)
    }

    /// IPv6address or IPvFuture.
    private static func isLiteral(_ text: Slice<UnsafeRawBufferPointer>) -> Bool {
        if let first = text.first, first | 0x20 == UInt8(ascii: "v") {
            guard let dot = text.firstIndex(of: UInt8(ascii: ".")) else { return false }
            let version = text[..<dot].dropFirst()
            let address = text[(dot + 1)...]
            return !version.isEmpty && version.allSatisfy { $0.hexadecimalValue != nil } && !address.isEmpty
                && address.allSatisfy { ($0 != UInt8(ascii: "%") && isNameByte($0)) || $0 == UInt8(ascii: ":") }
        }
        return isIPv6Address(text)
    }

    private static func isIPv6Address(_ text: Slice<UnsafeRawBufferPointer>) -> Bool {
        guard text.count <= 45 else { return false }
        let groups = text.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        guard groups.count >= 3 else { return false }
        var units = 0
        var gaps = 0
        for (place, group) in groups.enumerated() {
            if group.isEmpty {
                // `::` inside is one empty group, at an end it is two.
                let isEnd = place == 0 || place == groups.count - 1
                if isEnd {
                    let neighbour = place == 0 ? groups[1] : groups[groups.count - 2]
                    guard neighbour.isEmpty else { return false }
                } else {
                    gaps += 1
                }
            } else if place == groups.count - 1, group.contains(UInt8(ascii: ".")) {
                guard isIPv4Address(group) else { return false }
                units += 2
            } else {
                guard group.count <= 4, group.allSatisfy({ $0.hexadecimalValue != nil }) else { return false }
                units += 1
            }
        }
        return gaps == 0 ? units == 8 : gaps == 1 && units <= 7
    }

    private static func isIPv4Address(_ text: Slice<UnsafeRawBufferPointer>) -> Bool {
        let parts = text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return parts.count == 4
            && parts.allSatisfy { part in
                guard 1...3 ~= part.count, part.allSatisfy(\.isDecimalDigit) else { return false }
                guard part.count == 1 || part.first != UInt8(ascii: "0") else { return false }
                return part.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) } <= 255
            }
    }

    /// Every byte fits, and every `%` has its two hexadecimal digits.
    private static func isMadeOf(
        _ text: Slice<UnsafeRawBufferPointer>, _ accepts: (UInt8) -> Bool
    ) -> Bool {
        var index = text.startIndex
        while index < text.endIndex {
            if text[index] == UInt8(ascii: "%") {
                guard text.endIndex - index > 2, text[index + 1].hexadecimalValue != nil,
                    text[index + 2].hexadecimalValue != nil
                else { return false }
                index += 3
            } else {
                guard accepts(text[index]) else { return false }
                index += 1
            }
        }
        return true
    }

    /// unreserved / sub-delims
    private static func isNameByte(_ byte: UInt8) -> Bool {
        byte.isASCIILetter || byte.isDecimalDigit || "-._~!$&'()*+,;=".utf8.contains(byte)
    }

    private static func isPathByte(_ byte: UInt8) -> Bool {
        isNameByte(byte) || ":@/".utf8.contains(byte)
    }

    private static func isQueryByte(_ byte: UInt8) -> Bool {
        isPathByte(byte) || byte == UInt8(ascii: "?")
    }
}

extension UInt8 {
    fileprivate var isASCIILetter: Bool { (self | 0x20) &- UInt8(ascii: "a") < 26 }
}

extension JSONScanner {
    /// Walks the members of the object that `bytes` are, and nothing behind it.
    package static func forEachMember(
        of bytes: UnsafeRawBufferPointer, _ body: (_ key: JSONToken, _ value: JSONToken) throws(JSONSyntaxError) -> Void
    ) throws(JSONSyntaxError) {
        var scanner = JSONScanner(bytes)
        try scanner.expect(UInt8(ascii: "{"))
        try scanner.enter()
        scanner.skipWhitespace()
        guard !scanner.take(UInt8(ascii: "}")) else { return }
        repeat {
            scanner.skipWhitespace()
            let key = try scanner.scanString()
            try scanner.skipColon()
            try body(key, try scanner.scanValue())
            scanner.skipWhitespace()
        } while scanner.take(UInt8(ascii: ","))
        try scanner.expect(UInt8(ascii: "}"))
    }
}

extension JSONScanner {
    /// The elements of an array, in order.
    package static func forEachElement(
        of bytes: UnsafeRawBufferPointer, _ body: (_ element: JSONToken) throws(JSONSyntaxError) -> Void
    ) throws(JSONSyntaxError) {
        var scanner = JSONScanner(bytes)
        try scanner.expect(UInt8(ascii: "["))
        try scanner.enter()
        scanner.skipWhitespace()
        guard !scanner.take(UInt8(ascii: "]")) else { return }
        repeat {
            scanner.skipWhitespace()
            try body(try scanner.scanValue())
            scanner.skipWhitespace()
        } while scanner.take(UInt8(ascii: ","))
        try scanner.expect(UInt8(ascii: "]"))
    }
}

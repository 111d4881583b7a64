/// The one walk of a container: what each element or member is, the caller takes.
extension JSONScanner {
    /// Walks the array that begins here.
    ///
    /// - Parameter element: takes the element that comes next, and nothing behind it.
    @inlinable @inline(__always)
    public mutating func walkArray(
        _ element: (inout JSONScanner) throws(JSONSyntaxError) -> Void
    ) throws(JSONSyntaxError) {
        try walk(from: UInt8(ascii: "["), to: UInt8(ascii: "]"), element)
    }

    /// Walks the object that begins here.
    ///
    /// - Parameter member: takes the value that comes next, and nothing behind it.
    @inlinable @inline(__always)
    public mutating func walkObject(
        _ member: (_ key: JSONToken, inout JSONScanner) throws(JSONSyntaxError) -> Void
    ) throws(JSONSyntaxError) {
        try walk(from: UInt8(ascii: "{"), to: UInt8(ascii: "}")) { (scanner) throws(JSONSyntaxError) in
            let key = try scanner.scanString()
            try scanner.skipColon()
            try member(key, &scanner)
        }
    }

    @inlinable @inline(__always)
    mutating func walk(
        from open: UInt8, to close: UInt8, _ next: (inout JSONScanner) throws(JSONSyntaxError) -> Void
    ) throws(JSONSyntaxError) {
        try expect(open)
        try enter()
        skipWhitespace()
        if !take(close) {
            repeat {
                skipWhitespace()
                try next(&self)
                skipWhitespace()
            } while take(UInt8(ascii: ","))
            try expect(close)
        }
        leave()
    }

    /// Walks the members of the object that `bytes` are, and nothing behind it.
    public static func forEachMember(
        of bytes: UnsafeRawBufferPointer, _ body: (_ key: JSONToken, _ value: JSONToken) throws(JSONSyntaxError) -> Void
    ) throws(JSONSyntaxError) {
        var scanner = JSONScanner(bytes)
        try scanner.walkObject { (key, scanner) throws(JSONSyntaxError) in try body(key, try scanner.scanValue()) }
    }

    /// Walks the elements of the array that `bytes` are, in order.
    public static func forEachElement(
        of bytes: UnsafeRawBufferPointer, _ body: (_ element: JSONToken) throws(JSONSyntaxError) -> Void
    ) throws(JSONSyntaxError) {
        var scanner = JSONScanner(bytes)
        try scanner.walkArray { (scanner) throws(JSONSyntaxError) in try body(try scanner.scanValue()) }
    }
}

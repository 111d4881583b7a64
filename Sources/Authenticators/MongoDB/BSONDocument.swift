import CMongoC

/// A document of libbson's, freed with its last owner.
final class BSONDocument {
    let pointer: OpaquePointer

    /// Nil: no JSON object.
    convenience init?(json: String) {
        var json = json
        self.init(json.withUTF8 { bytes in bson_new_from_json(bytes.baseAddress, bytes.count, nil) })
    }

    private init?(_ pointer: OpaquePointer?) {
        guard let pointer else { return nil }
        self.pointer = pointer
    }

    deinit {
        bson_destroy(pointer)
    }

    /// The same document with other strings, in the order in which they stand. Nil: they are too few or too long.
    func filled(with texts: [String]) -> BSONDocument? {
        guard let copy = BSONDocument(bson_new()), let iterator = BSONIterator(self) else { return nil }
        var rest = texts[...]
        guard Self.fill(copy.pointer, from: iterator, with: &rest), rest.isEmpty else { return nil }
        return copy
    }

    private static func fill(
        _ target: OpaquePointer, from iterator: BSONIterator, with texts: inout ArraySlice<String>
    ) -> Bool {
        while iterator.next() {
            let isFilled =
                if iterator.isText {
                    append(texts.popFirst(), iterator.key, to: target)
                } else if let child = iterator.child {
                    append(child, iterator.key, isArray: iterator.isArray, to: target, with: &texts)
                } else {
                    iterator.append(to: target)
                }
            guard isFilled else { return false }
        }
        return true
    }

    private static func append(_ text: String?, _ key: String, to target: OpaquePointer) -> Bool {
        guard var text else { return false }
        // Counted, not ended by a NUL: it may hold one.
        return text.withUTF8 { bytes in
            guard !bytes.isEmpty else { return bson_append_utf8(target, key, -1, "", 0) }
            return bytes.withMemoryRebound(to: CChar.self) { bytes in
                bson_append_utf8(target, key, -1, bytes.baseAddress, Int32(clamping: bytes.count))
            }
        }
    }

    private static func append(
        _ iterator: BSONIterator, _ key: String, isArray: Bool, to target: OpaquePointer,
        with texts: inout ArraySlice<String>
    ) -> Bool {
        guard let child = cmongoc_begin(target, key, isArray) else { return false }
        let isFilled = fill(child, from: iterator, with: &texts)
        return cmongoc_end(target, child, isArray) && isFilled
    }
}

extension BSONDocument: Equatable {
    static func == (one: BSONDocument, other: BSONDocument) -> Bool { bson_equal(one.pointer, other.pointer) }
}

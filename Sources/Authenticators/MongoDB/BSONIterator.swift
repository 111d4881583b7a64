import CMongoC

/// Walks over a document, which has to live as long.
final class BSONIterator {
    private let pointer: OpaquePointer

    private init?(_ pointer: OpaquePointer?) {
        guard let pointer else { return nil }
        self.pointer = pointer
    }

    /// Nil: it is no document.
    convenience init?(_ document: BSONDocument) {
        self.init(cmongoc_iterator(document.pointer))
    }

    /// At a field, with dots at one of an embedded document's. Nil: there is none.
    convenience init?(at name: String, of document: OpaquePointer) {
        self.init(cmongoc_field(document, name))
    }

    deinit {
        cmongoc_free_iterator(pointer)
    }

    func next() -> Bool { bson_iter_next(pointer) }

    var key: String { bson_iter_key(pointer).map { String(cString: $0) } ?? "" }
    var isText: Bool { bson_iter_type(pointer) == BSON_TYPE_UTF8 }
    var isArray: Bool { bson_iter_type(pointer) == BSON_TYPE_ARRAY }

    /// Of the document or array at which it stands.
    var child: BSONIterator? {
        guard isArray || bson_iter_type(pointer) == BSON_TYPE_DOCUMENT else { return nil }
        return BSONIterator(cmongoc_child(pointer))
    }

    /// A string's or a binary's bytes, a number's and a truth value's digits. Nil: null, or of another type.
    var bytes: [UInt8]? {
        var length: UInt32 = 0
        switch bson_iter_type(pointer) {
        case BSON_TYPE_UTF8:
            let text = bson_iter_utf8(pointer, &length)
            return text.map { Array(UnsafeRawBufferPointer(start: $0, count: Int(length))) }
        case BSON_TYPE_BINARY:
            var bytes: UnsafePointer<UInt8>?
            bson_iter_binary(pointer, nil, &length, &bytes)
            return bytes.map { Array(UnsafeRawBufferPointer(start: $0, count: Int(length))) }
        case BSON_TYPE_INT32, BSON_TYPE_INT64: return Array("\(bson_iter_as_int64(pointer))".utf8)
        case BSON_TYPE_DOUBLE:
            return Array((Int(exactly: bson_iter_double(pointer)).map { "\($0)" } ?? "a fraction").utf8)
        case BSON_TYPE_BOOL: return Array((bson_iter_bool(pointer) ? "1" : "0").utf8)
        default: return nil
        }
    }

    /// Copies what it stands at.
    func append(to target: OpaquePointer) -> Bool {
        bson_append_iter(target, nil, 0, pointer)
    }
}

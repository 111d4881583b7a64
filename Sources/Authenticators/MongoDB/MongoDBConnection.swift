import CMongoC
import CredentialChecking

/// One client of libmongoc's, with the collection that it asks.
struct MongoDBConnection: BlockingConnection {
    /// An old and a new password; further documents are not read.
    private static let mostDocuments = 2

    private let client: OpaquePointer
    private let collection: OpaquePointer
    private let filter: BSONDocument
    private let options: BSONDocument
    private let greeting: BSONDocument
    private let preference: OpaquePointer
    private let fields: (hash: String, salt: String, isSuperuser: String)
    private let database: String

    /// Nil: no memory.
    init?(client: OpaquePointer, _ configuration: MongoDBConfiguration, filter: MongoDBFilter) {
        let time = Int(max(1, configuration.limits.queryTimeout / .milliseconds(1)))
        let options = "{\"limit\": \(Self.mostDocuments), \"singleBatch\": true, \"maxTimeMS\": \(time)}"
        guard let document = BSONDocument(json: filter.json), let options = BSONDocument(json: options),
            let greeting = BSONDocument(json: "{\"ping\": 1}"),
            let collection = mongoc_client_get_collection(client, configuration.database, configuration.collection)
        else { return nil }
        let mode = configuration.mayAskSecondaries ? MONGOC_READ_SECONDARY_PREFERRED : MONGOC_READ_PRIMARY
        guard let preference = mongoc_read_prefs_new(mode) else {
            mongoc_collection_destroy(collection)
            return nil
        }
        self.client = client
        self.collection = collection
        self.filter = document
        self.options = options
        self.greeting = greeting
        self.preference = preference
        fields = (configuration.hashField, configuration.saltField, configuration.superuserField)
        database = configuration.database
    }

    func ask(_ texts: [String]) throws(ConnectionFault) -> [StoredCredential] {
        guard let filter = filter.filled(with: texts) else {
            throw .nonsense("the filter cannot be filled", isUsable: true)
        }
        guard
            let cursor = mongoc_collection_find_with_opts(collection, filter.pointer, options.pointer, preference)
        else { throw .lost("no memory") }
        defer { mongoc_cursor_destroy(cursor) }
        var found: [StoredCredential] = []
        var document: OpaquePointer?
        while found.count < Self.mostDocuments, mongoc_cursor_next(cursor, &document), let document {
            found.append(try credential(in: document))
        }
        var error = bson_error_t()
        if mongoc_cursor_error(cursor, &error) { throw MongoDBFault.fault(error) }
        return found
    }

    /// The first word to the server: connects and logs in.
    func greet() throws(ConnectionFault) {
        var error = bson_error_t()
        guard mongoc_client_command_simple(client, database, greeting.pointer, preference, nil, &error) else {
            throw MongoDBFault.fault(error)
        }
    }

    func ping() throws(ConnectionFault) {
        try greet()
    }

    func close() {
        mongoc_read_prefs_destroy(preference)
        mongoc_collection_destroy(collection)
        mongoc_client_destroy(client)
    }

    private func credential(in document: OpaquePointer) throws(ConnectionFault) -> StoredCredential {
        try StoredCredential(
            hash: value(fields.hash, in: document), salt: value(fields.salt, in: document),
            isSuperuser: value(fields.isSuperuser, in: document),
            securityProfile: value("security_profile", in: document))
    }

    /// A field, or with dots one of an embedded document's.
    private func value(_ name: String, in document: OpaquePointer) -> [UInt8]? {
        BSONIterator(at: name, of: document)?.bytes
    }
}

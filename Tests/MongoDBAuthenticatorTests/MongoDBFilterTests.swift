import Authentication
import CredentialChecking
import Testing

@testable import MongoDBAuthenticator

struct MongoDBFilterTests {
    @Test(arguments: [
        "", "{", "[]", "7", "{}", #"{"username": "CP-1"}"#, #"{"username": "${password}"}"#,
        #"{"username": "${user}"}"#,
        #"{"${username}": 1}"#, #"{"$where": "this.username == '${username}'"}"#,
        #"{"$expr": {"$eq": ["$username", "${username}"]}}"#, #"{"username": {"$regex": "${username}"}}"#,
        #"{"username": {"$not": {"$eq": "${username}"}}}"#, #"{"username": {"$gt": "${username}"}}"#,
    ])
    func `A filter that finds anybody, or takes a name for more than a value, is an error`(json: String) {
        #expect(throws: BackendProblem.self) { try MongoDBFilter(json) }
    }

    @Test func `Each string is filled, and nothing but strings`() throws {
        let json =
            #"{"$or": [{"username": {"$eq": "${username}"}}, {"n": "a${clientid}b", "x": ""}], "active": true, "n": 7}"#
        let filter = try MongoDBFilter(json)
        let credentials = Credentials(
            identity: "CP-1", userName: #"{"$ne": 1}"#, peerHost: "192.0.2.1", listener: "ocpp:ws:default")
        let texts = filter.texts(for: credentials)
        #expect(texts == [#"{"$ne": 1}"#, "aCP-1b", ""])
        let filled = try #require(BSONDocument(json: json)?.filled(with: texts))
        let wanted =
            #"{"$or": [{"username": {"$eq": "{\"$ne\": 1}"}}, {"n": "aCP-1b", "x": ""}], "active": true, "n": 7}"#
        #expect(filled == BSONDocument(json: wanted))
        #expect(BSONDocument(json: json)?.filled(with: ["too few"]) == nil)
    }
}

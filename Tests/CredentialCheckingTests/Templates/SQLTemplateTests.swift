import Authentication
import OutsideNames
import Testing

@testable import CredentialChecking

/// authentication.md, "Fields and placeholders": in SQL each becomes a bound parameter.
struct SQLTemplateTests {
    private static let ways = ["${username}", "'${username}'", "\"${username}\""]

    @Test(arguments: ways)
    func `A placeholder becomes a parameter and the quotes around it are dropped`(placeholder: String) throws {
        let query = "SELECT password_hash, 'x' AS a FROM t WHERE c = \(placeholder) AND z = ${zone} LIMIT 1"
        let postgres = try SQLTemplate(query, dialect: .postgreSQL)
        #expect(postgres.statement == "SELECT password_hash, 'x' AS a FROM t WHERE c = $1 AND z = $2 LIMIT 1")
        let mySQL = try SQLTemplate(query, dialect: .mySQL)
        #expect(mySQL.statement == "SELECT password_hash, 'x' AS a FROM t WHERE c = ? AND z = ? LIMIT 1")
        #expect(mySQL.fields == [.userName, .zone])
        #expect(mySQL.namesIdentity)
    }

    @Test func `A placeholder used twice is two parameters`() throws {
        let template = try SQLTemplate("SELECT ${cid},${cid}", dialect: .postgreSQL)
        #expect(template.statement == "SELECT $1,$2")
    }

    @Test func `Hostile values stay values`() throws {
        let template = try SQLTemplate("SELECT 1 WHERE a='${username}' OR b=${password}", dialect: .mySQL)
        let credentials = Credentials(
            identity: "CP1", userName: "' OR ''='", password: Array("\"; --".utf8), peerHost: "::1", listener: "l")
        #expect(template.values(for: credentials) == [Array("' OR ''='".utf8), Array("\"; --".utf8)])
        #expect(template.statement == "SELECT 1 WHERE a=? OR b=?")
    }

    @Test(arguments: [
        "a = 'x${username}'", "a = '${username}x'", "a = '${username}${cid}'", "a = '${username}'''", "a = '${username}",
        "a = `${username}`", "a = 'it''${username}'", "a = 'it''s ${username}'",
    ])
    func `A placeholder that is a part of a quoted text is an error`(query: String) {
        for dialect in [SQLTemplate.Dialect.postgreSQL, .mySQL] {
            #expect(throws: CredentialTemplateError.placeholderInQuotes(.userName)) {
                try SQLTemplate("SELECT 1 WHERE \(query)", dialect: dialect)
            }
        }
    }

    @Test func `A backslash hides a quote from MySQL alone`() throws {
        let query = #"SELECT 1 WHERE a = 'it\'s ${username}"#
        #expect(throws: CredentialTemplateError.placeholderInQuotes(.userName)) {
            try SQLTemplate(query, dialect: .mySQL)
        }
        #expect(try SQLTemplate(query, dialect: .postgreSQL).fields == [.userName])
    }

    @Test(arguments: ["SELECT 1 -- don't ask ${username}\n", "SELECT /* it's ${username} */ 1"])
    func `A placeholder in a comment is an error`(query: String) {
        #expect(throws: CredentialTemplateError.placeholderInComment(.userName)) {
            try SQLTemplate(query, dialect: .postgreSQL)
        }
    }

    @Test func `A quote in a comment opens nothing`() throws {
        let query = "SELECT 1 -- don't\n/* can't */ WHERE a = '${cid}'"
        #expect(try SQLTemplate(query, dialect: .mySQL).statement == "SELECT 1 -- don't\n/* can't */ WHERE a = ?")
    }

    @Test(arguments: ["a${cid}", "${cid}1", "${cid}${cid}"])
    func `A placeholder that touches another word is an error`(query: String) {
        #expect(throws: CredentialTemplateError.placeholderBesideName(.shortIdentity)) {
            try SQLTemplate("SELECT \(query)", dialect: .postgreSQL)
        }
    }

    @Test func `A parameter that is not ours is an error`() throws {
        #expect(throws: CredentialTemplateError.strayParameter("?")) {
            try SQLTemplate("SELECT ? , ${cid}", dialect: .mySQL)
        }
        #expect(throws: CredentialTemplateError.strayParameter("$1")) {
            try SQLTemplate("SELECT $1, ${cid}", dialect: .postgreSQL)
        }
        #expect(try SQLTemplate("SELECT '?', ${cid}", dialect: .mySQL).statement == "SELECT '?', ?")
    }
}

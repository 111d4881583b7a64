import SchemaChecking
import Testing

@Suite struct FormatTests {
    @Test(arguments: [
        "2023-01-31T23:59:59Z", "2024-02-29T00:00:00z", "2000-02-29t12:00:00.000001+14:00", "1998-12-31T23:59:60Z",
        "1998-12-31T15:59:60.123-08:00", "2017-01-01T05:29:60+05:30", "0000-01-01T00:00:00-00:00",
    ])
    func `Dates and times of RFC 3339 fit`(_ text: String) throws {
        let schema = try schema(#"{"format":"date-time"}"#)
        #expect(try violation(of: schema, in: "\"\(text)\"".utf8) == nil)
    }

    @Test(arguments: [
        "", "2023-01-31", "2023-01-31 23:59:59Z", "2023-01-31T23:59:59", "2023-1-31T23:59:59Z", "2023-02-29T00:00:00Z",
        "1900-02-29T00:00:00Z", "2023-13-01T00:00:00Z", "2023-00-01T00:00:00Z", "2023-01-00T00:00:00Z",
        "2023-04-31T00:00:00Z", "2023-01-01T24:00:00Z", "2023-01-01T00:60:00Z", "2023-01-01T00:00:61Z",
        "2023-01-01T00:00:60Z", "2023-01-01T23:59:60+01:00", "2023-01-01T00:00:00.Z", "2023-01-01T00:00:00,5Z",
        "2023-01-01T00:00:00+24:00", "2023-01-01T00:00:00+01:60", "2023-01-01T00:00:00+0100", "2023-01-01T00:00:00+01",
        "2023-01-01T00:00:00Z ", " 2023-01-01T00:00:00Z", "2023-01-01T00:00:00ZZ", "２０２３-01-01T00:00:00Z",
        "2023-01-01T00:00Z", "20230101T000000Z", "+2023-01-01T00:00:00Z",
    ])
    func `Other dates and times fail`(_ text: String) throws {
        let schema = try schema(#"{"format":"date-time"}"#)
        #expect(try violation(of: schema, in: "\"\(text)\"".utf8)?.kind == .constraint)
    }

    /// behaviour.md, "Message format checking": what OCPP 1.6 says.
    @Test(arguments: [
        "2023-01-31T23:59:59Z", "2023-01-31T23:59:59", "2023-01-31T23:59:59.123", "2023-01-31T23:59:59+03",
        "2023-01-31T23:59:59-0330", "2023-01-31T23:59:59+03:30", "2023-01-31T23:59:59,5Z", "2023-01-31T23:59Z",
        "2023-01-31T23:59", "20230131T235959Z", "20230131T2359+03", "2023-01-31T24:00:00Z", "1998-12-31T23:59:60",
        "2023-01-01t00:00:00z",
    ])
    func `Dates and times of ISO 8601 fit in 16`(_ text: String) throws {
        let schema = try schema(#"{"format":"date-time"}"#, dateTimes: .iso8601)
        #expect(try violation(of: schema, in: "\"\(text)\"".utf8) == nil)
    }

    @Test(arguments: [
        "", "now", "2023-01-31", "23:59:59", "2023-01-31 23:59:59Z", "2023-1-31T23:59:59Z", "2023-02-29T00:00:00Z",
        "2023-13-01T00:00:00", "2023-01-01T24:00:01Z", "2023-01-01T24:01", "2023-01-01T25:00:00", "2023-01-01T00:60:00",
        "2023-01-01T00:00:61", "2023-01-01T23:59:60+01", "2023-01-01T00:00:00.", "2023-01-01T00:00:00+3",
        "2023-01-01T00:00:00+030", "2023-01-01T00:00:00+24", "2023-01-01T00:00:00+0360", "2023-01-01T00:00:00+",
        "2023-01-01T00", "2023-01-01T00:00:", "2023-0101T00:00:00", "2023-01-01T00:00:00 ", "2023-01-01T00:00:00ZZ",
    ])
    func `Other dates and times fail in 16`(_ text: String) throws {
        let schema = try schema(#"{"format":"date-time"}"#, dateTimes: .iso8601)
        let found = try #require(try violation(of: schema, in: "\"\(text)\"".utf8))
        #expect(found.kind == .constraint && found.rule == "not a date and time (ISO 8601)")
    }

    @Test(arguments: [
        "ftp://user:pass@example.com:21/a/b%20c?d=e/f?#g", "https://example.com", "http://[2001:db8::7]/", "urn:x:y",
        "http://[::]:80", "http://[1:2:3:4:5:6:7:8]/", "http://[::ffff:192.0.2.255]/", "http://[1::]/", "a:",
        "http://[v7.a:b]/", "mailto:John.Doe@example.com", "http://host:/", "file:///etc/x", "http://a/b//c/../",
        "x+y-z.1:/rooted", "http://@host/",
    ])
    func `Absolute URIs fit`(_ text: String) throws {
        let schema = try schema(#"{"format":"uri"}"#)
        #expect(try violation(of: schema, in: "\"\(text)\"".utf8) == nil)
    }

    @Test(arguments: [
        "", "example.com", "//example.com/x", "/x", ":x", "1a:x", "a b:x", "http://exa mple.com/", "http://é.com/",
        "http://x/%2", "http://x/%zz", "http://x/<y>", "http://[::1", "http://[::1]x/", "http://[1:2:3:4:5:6:7]/",
        "http://[1:2:3:4:5:6:7:8:9]/", "http://[1::2::3]/", "http://[:1]/", "http://[1:]/", "http://[::1.2.3]/",
        "http://[::1.2.3.256]/", "http://[::g]/", "http://[::12345]/", "http://[v.x]/", "http://[v1.]/",
        "http://host:8a/", "http://a@b@c/", "a:b#c#d", "http://x/{y}", "http://x/`", "http://[]/",
    ])
    func `Other URIs fail`(_ text: String) throws {
        let schema = try schema(#"{"format":"uri"}"#)
        #expect(try violation(of: schema, in: "\"\(text)\"".utf8)?.kind == .constraint)
    }

    @Test func `Formats speak of strings only`() throws {
        let schema = try schema(#"{"format":"date-time"}"#)
        for json in ["1", "null", "{}"] { #expect(try violation(of: schema, in: json.utf8) == nil) }
    }

    @Test func `Escapes are decoded before a format is checked`() throws {
        let schema = try schema(#"{"properties":{"a":{"format":"uri"},"b":{"format":"date-time"}}}"#)
        let json = #"{"a":"http:\/\/x\/\u0079","b":"\u0032023-01-01T00:00:00Z"}"#
        #expect(try violation(of: schema, in: json.utf8) == nil)
    }
}

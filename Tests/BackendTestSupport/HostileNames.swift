/// Names that try to be more than a name to a database.
package enum HostileNames {
    package static let all = [
        "'", "' OR '1'='1", "\" OR \"\"=\"", "'; DROP TABLE mqtt_user; --", "\\", "\\' OR 1=1 -- ", "*", "%", "_",
        "$ne",
        "{\"$ne\":\"\"}", "{\"$gt\": \"\"}", "CP-1\r\nGET CP-1", "CP-1\r\n$3\r\nfoo", "CP-1\0", "\0CP-1",
        "CP-1\0' OR 1=1", "CP-1 ",
        " CP-1", "cp-1", "CP-1*", "CP-?", "[C]P-1", "${username}", "$1", "?", "\u{FEFF}CP-1", "CP\u{2010}1", "{CP-1}",
        String(repeating: "A", count: 65_536), String(repeating: "'", count: 65_536), "é\u{301}\u{1F600}",
    ]
}

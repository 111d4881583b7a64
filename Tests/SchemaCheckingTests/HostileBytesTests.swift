import Foundation
import JSONText
import SchemaChecking
import TestSupport
import Testing

/// Bytes that nobody would send in good faith, to the checker and to the compiler.
@Suite struct HostileBytesTests {
    @Test func `The checker and the scanner agree on what is JSON`() throws {
        let schemas = try MessageSchemas(directory: PackageFolder.schemas16, idPrefixes: ["urn:OCPP:1.6:2019:12:"])
        let schema = try #require(schemas.schema(forRequest: "MeterValues"))
        let message = Array(
            #"""
            {"connectorId":1,"meterValue":[{"timestamp":"2025-03-04T12:34:56Z","sampledValue":[{"value":"é\u00e9",
            "unit":"Wh"},{"value":"16.1","context":"Sample.Clock"}]}],"transactionId":-1.0e0}
            """#.utf8)
        var dice = SeededRandom(seed: 3)
        var wellFormed = 0
        for _ in 0..<20_000 {
            let bytes = dice.changed(message)
            let scanned = outcome(bytes) { scanner throws(JSONSyntaxError) in _ = try scanner.scanValue() }
            let checked = outcome(bytes) { scanner throws(JSONSyntaxError) in _ = try schema.check(&scanner) }
            #expect(scanned == checked, "\(String(decoding: bytes, as: UTF8.self))")
            if case .success = scanned { wellFormed += 1 }
        }
        #expect(wellFormed > 1000 && wellFormed < 19_000)
    }

    @Test func `Broken schemas are told and never a crash`() throws {
        let schema = Array(
            ##"""
            {"$schema":"http://json-schema.org/draft-06/schema#","$id":"urn:x","definitions":{"a":{"enum":["A",1]}},
            "properties":{"p":{"$ref":"#/definitions/a"},"q":{"type":"array","items":[{"pattern":"^(a|b{2,3})$"}],
            "additionalItems":{"multipleOf":0.1,"minimum":-1}}},"patternProperties":{"^x":{"maxLength":5}},
            "required":["p"],"dependencies":{"q":["p"]},"not":{"anyOf":[{"const":null}]},"minProperties":1}
            """##.utf8)
        var dice = SeededRandom(seed: 4)
        var refused = 0
        for _ in 0..<5_000 {
            do throws(SchemaProblems) {
                let changed = try Schema.compile(dice.changed(schema), file: "changed.json")
                _ = try? violation(of: changed, in: #"{"p":"A","q":["bb",0.25],"xy":"long enough"}"#.utf8)
            } catch {
                refused += 1
                #expect(!error.problems.isEmpty)
            }
        }
        #expect(refused > 1000)
    }

    /// Where the walk ended, or why it did not.
    private func outcome(
        _ bytes: [UInt8], _ walk: (inout JSONScanner) throws(JSONSyntaxError) -> Void
    ) -> Result<Int, JSONSyntaxError> {
        bytes.withUnsafeBytes { bytes in
            var scanner = JSONScanner(bytes)
            do throws(JSONSyntaxError) {
                try walk(&scanner)
                return .success(scanner.position)
            } catch {
                return .failure(error)
            }
        }
    }
}

extension SeededRandom {
    /// One to three bytes changed, taken out or put in.
    fileprivate mutating func changed(_ bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        let likely = Array("{}[]\",:\\0123456789.eE+-tfnu #/$".utf8)
        for _ in 0...below(3) {
            let place = below(bytes.count)
            let byte = below(4) == 0 ? UInt8(below(256)) : likely[below(likely.count)]
            switch below(3) {
            case 0: bytes[place] = byte
            case 1: bytes.remove(at: place)
            default: bytes.insert(byte, at: place)
            }
        }
        return bytes
    }
}

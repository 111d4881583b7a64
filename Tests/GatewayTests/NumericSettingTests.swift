import Foundation
import Settings
import Testing

@testable import Gateway

@Suite("Configuration: numbers, durations and sizes")
struct NumericSettingTests {
    struct Bounds: Sendable, CustomTestStringConvertible {
        var name: String
        var low: String
        var high: String

        var testDescription: String { name }
    }

    static let bounded: [Bounds] = LoadedConfiguration.table.compactMap { reading in
        // They need their backend.
        guard !AuthenticatorSections.allKeys.contains(reading.key) else { return nil }
        // `TLSConfigurationTests`: a listener without TLS takes none of its settings.
        let key = reading.key.replacing("listeners.ws.default.ssl_", with: "listeners.wss.default.ssl_")
        let variable = SettingName.variable(of: key)
        switch reading.kind {
        case .integer(let range): return Bounds(name: variable, low: "\(range.lowerBound)", high: "\(range.upperBound)")
        case .duration(let range):
            let bounds = [range.lowerBound, range.upperBound].map(SettingText.format)
            return Bounds(name: variable, low: bounds[0], high: bounds[1])
        case .byteSize(let range):
            return Bounds(name: variable, low: "\(range.lowerBound)", high: "\(range.upperBound)")
        default: return nil
        }
    }

    @Test(arguments: bounded)
    func `Both ends of a setting's range are taken, and put together to a configuration`(_ bounds: Bounds) throws {
        guard !bounds.name.hasPrefix("LISTENERS_WSS") else { return }
        for value in [bounds.low, bounds.high] { _ = try load([bounds.name: value]) }
    }

    @Test
    func `The low ends together, and the high ends, make a configuration`() throws {
        let ours = Self.bounded.filter { !$0.name.hasPrefix("LISTENERS_WSS") }
        _ = try load(Dictionary(uniqueKeysWithValues: ours.map { ($0.name, $0.low) }))
        _ = try load(Dictionary(uniqueKeysWithValues: ours.map { ($0.name, $0.high) }))
    }

    @Test(arguments: bounded)
    func `What no machine can count is a problem`(_ bounds: Bounds) {
        let number = "9223372036854775807"
        for value in [number, "\(number)h", "\(number)GB", number + number, "-\(number)", "-1", "1e3", "0x10", "٣"] {
            #expect(
                problems(["LISTENERS": "ws:default,wss:default", bounds.name: value]).contains {
                    $0.hasPrefix(bounds.name)
                }, "\(value)")
        }
    }
}

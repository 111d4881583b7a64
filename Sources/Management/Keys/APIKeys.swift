import Crypto
import Synchronization

/// The keys that open the API. Key and secret are kept and compared as digests under a key of the process, all of
/// them whatever the first says, so that the time tells nothing.
package final class APIKeys: Sendable {
    private struct Entry: Sendable {
        var key: [UInt8]
        var secret: [UInt8]
        var caller: Caller
    }

    private let processKey = SymmetricKey(size: .bits256)
    private let entries: Mutex<[Entry]>

    package init(_ keys: [APIKey] = []) {
        entries = Mutex([])
        replace(by: keys)
    }

    /// After SIGHUP: those that are no longer there do not open anything from the next request on.
    package func replace(by keys: [APIKey]) {
        let fresh = keys.map { key in
            Entry(
                key: digest(Array(key.name.utf8)), secret: digest(key.secret.bytes),
                caller: Caller(key: key.name, role: key.role))
        }
        entries.withLock { $0 = fresh }
    }

    package var isEmpty: Bool { entries.withLock { $0.isEmpty } }

    /// Nil: no such key, or another secret.
    func caller(key: [UInt8], secret: [UInt8]) -> Caller? {
        let key = digest(key)
        let secret = digest(secret)
        var found: Caller?
        for entry in entries.withLock({ $0 }) where Self.areEqual(entry, key, secret) { found = entry.caller }
        return found
    }

    private static func areEqual(_ entry: Entry, _ key: [UInt8], _ secret: [UInt8]) -> Bool {
        var difference: UInt8 = 0
        for (one, other) in zip(entry.key, key) { difference |= one ^ other }
        for (one, other) in zip(entry.secret, secret) { difference |= one ^ other }
        return difference == 0
    }

    private func digest(_ bytes: [UInt8]) -> [UInt8] {
        Array(HMAC<SHA256>.authenticationCode(for: bytes, using: processKey))
    }
}

package struct APIKey: Sendable, Equatable {
    package var name: String
    package var secret: Password
    package var role: ManagementRole

    package init(name: String, secret: Password, role: ManagementRole) {
        self.name = name
        self.secret = secret
        self.role = role
    }
}

/// Who asks.
struct Caller: Sendable, Equatable {
    var key: String
    var role: ManagementRole
}

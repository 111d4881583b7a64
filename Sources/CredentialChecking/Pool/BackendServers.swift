import Settings
import Synchronization

/// The servers of a backend: `host:port`, several with commas, tried in turn.
package struct BackendServers: Sendable, Equatable {
    package struct Server: Sendable, Equatable, Hashable, CustomStringConvertible {
        package let host: String
        package let port: Int

        package init(host: String, port: Int) {
            self.host = host
            self.port = port
        }

        package var description: String {
            host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]:\(port)" : "\(host):\(port)"
        }
    }

    /// At least one.
    package let servers: [Server]

    /// - Parameters:
    ///   - text: `db1:5432, [2001:db8::1]:5432, db3`.
    ///   - key: where it stands, for the error.
    package init(_ text: String, key: String = "server", defaultPort: Int) throws(BackendProblem) {
        var servers: [Server] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard let server = Self.server(part.trimmed, defaultPort: defaultPort) else {
                throw BackendProblem(
                    key, "expected host:port, several with commas, for example 127.0.0.1:\(defaultPort)")
            }
            servers.append(server)
        }
        guard servers.count <= 64 else { throw BackendProblem(key, "expected at most 64 servers") }
        self.servers = servers
    }

    private static func server(_ text: Substring, defaultPort: Int) -> Server? {
        var host = text
        var port = defaultPort
        if text.first == "[" {
            guard let end = text.firstIndex(of: "]") else { return nil }
            host = text[text.index(after: text.startIndex)..<end]
            let rest = text[text.index(after: end)...]
            if !rest.isEmpty {
                guard rest.first == ":", let number = self.port(rest.dropFirst()) else { return nil }
                port = number
            }
        } else if text.utf8.count(where: { $0 == UInt8(ascii: ":") }) == 1, let colon = text.firstIndex(of: ":") {
            guard let number = self.port(text[text.index(after: colon)...]) else { return nil }
            host = text[..<colon]
            port = number
        }
        let isHost =
            !host.isEmpty && host.utf8.count <= 255 && !String(host).isMistypedIPv4
            && host.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"),
                    UInt8(ascii: ":"), UInt8(ascii: "%"):
                    true
                default: false
                }
            }
        return isHost ? Server(host: String(host), port: port) : nil
    }

    private static func port(_ text: Substring) -> Int? {
        guard !text.isEmpty, text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let port = Int(text), (1...65_535).contains(port)
        else { return nil }
        return port
    }
}

/// Tries servers in turn, the one that answered last first: one that is away costs its time-out once, not each time.
package final class ServerRotation: Sendable {
    private let servers: [BackendServers.Server]
    private let preferred = Mutex(0)

    package init(_ servers: BackendServers) {
        self.servers = servers.servers
    }

    /// - Throws: What the last one said, or the first that answered with what makes no sense: the others are the same
    ///   database.
    package func connect<Connection>(
        _ connect: (BackendServers.Server) throws(ConnectionFault) -> Connection
    ) throws(ConnectionFault) -> Connection {
        let first = preferred.withLock { $0 }
        var reasons: [String] = []
        for offset in servers.indices {
            let index = (first + offset) % servers.count
            do throws(ConnectionFault) {
                let connection = try connect(servers[index])
                preferred.withLock { $0 = index }
                return connection
            } catch {
                switch error {
                case .nonsense(let reason, let isUsable):
                    throw .nonsense("\(servers[index]): \(reason)", isUsable: isUsable)
                case .lost(let reason), .timedOut(let reason):
                    reasons.append("\(servers[index]): \(reason)")
                }
            }
        }
        throw .lost(reasons.joined(separator: "; "))
    }
}

extension Substring {
    /// Without blanks at either end.
    fileprivate var trimmed: Substring {
        var text = self
        while text.first?.isWhitespace == true { text.removeFirst() }
        while text.last?.isWhitespace == true { text.removeLast() }
        return text
    }
}

import Glibc

/// systemd, or another service manager that is told by datagrams how the gateway is (sd_notify(3), `Type=notify`).
struct ServiceManager: Sendable {
    enum Message: Equatable, Sendable {
        /// Listeners are open.
        case ready
        case stopping
        case reloading(monotonicMicroseconds: UInt64)
        /// Everything that must turn turns: to be said at least once in the watchdog's time.
        case alive
        case status(String)

        var text: String {
            switch self {
            case .ready: "READY=1"
            case .stopping: "STOPPING=1"
            case .reloading(let time): "RELOADING=1\nMONOTONIC_USEC=\(time)"
            case .alive: "WATCHDOG=1"
            case .status(let words): "STATUS=\(words.split(separator: "\n").joined(separator: " "))"
            }
        }
    }

    /// A path, or `@` and the name of an abstract socket.
    private let address: String
    /// Half of what the manager waits for a sign of life; nil: it does not watch.
    let signInterval: Duration?

    /// Nil: nobody wants to be told.
    init?(environment: [String: String], processID: Int32 = getpid()) {
        guard let address = environment["NOTIFY_SOCKET"], address.hasPrefix("/") || address.hasPrefix("@"),
            (2...107).contains(address.utf8.count)
        else { return nil }
        self.address = address
        let isForUs = environment["WATCHDOG_PID"].map { Int32($0) == processID } ?? true
        signInterval =
            if isForUs, let text = environment["WATCHDOG_USEC"], let time = Int64(text), time > 0 {
                .microseconds(time / 2)
            } else {
                nil
            }
    }

    /// That of this process; nil: nobody wants to be told.
    static var ofThisProcess: ServiceManager? {
        var environment: [String: String] = [:]
        for name in ["NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC"] {
            if let value = getenv(name) { environment[name] = String(cString: value) }
        }
        return ServiceManager(environment: environment)
    }

    /// A manager that does not listen is no reason to stop: nothing is said about it.
    func tell(_ message: Message) {
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        var target = sockaddr_un()
        target.sun_family = sa_family_t(AF_UNIX)
        let path = Array(address.utf8)
        withUnsafeMutableBytes(of: &target.sun_path) { bytes in
            bytes.copyBytes(from: path)
            // An abstract socket's name begins with a NUL.
            if path.first == UInt8(ascii: "@") { bytes[0] = 0 }
        }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + path.count)
        let text = Array(message.text.utf8)
        withUnsafePointer(to: &target) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                _ = sendto(descriptor, text, text.count, Int32(MSG_NOSIGNAL), address, length)
            }
        }
    }
}

import Glibc

/// Which address, and which of its host's address families, the next connection attempt goes to.
struct AddressRotation {
    struct Target {
        var index: Int
        var address: BrokerLinkConfiguration.Address
        /// The local address to bind to, nil for any: it keeps libmosquitto to one address family.
        var bindAddress: String?
    }

    private let addresses: [BrokerLinkConfiguration.Address]
    private var index = 0
    /// The ways to the current address, when they are known.
    private var bindAddresses: [String?] = []
    private var position = 0

    init(addresses: [BrokerLinkConfiguration.Address]) {
        self.addresses = addresses.isEmpty ? [BrokerLinkConfiguration.Address(host: "", port: 0)] : addresses
    }

    /// `bindAddresses`: asked once for each address when its turn comes; may wait for the name server.
    mutating func current(bindAddresses resolve: (String) -> [String?] = Self.bindAddresses) -> Target {
        let address = addresses[index]
        if bindAddresses.isEmpty {
            bindAddresses = resolve(address.host)
        }
        return Target(index: index, address: address, bindAddress: bindAddresses[position])
    }

    /// The attempt failed. True: all addresses have had their turn, time for a pause.
    mutating func advance() -> Bool {
        position += 1
        guard position >= bindAddresses.count else { return false }
        position = 0
        bindAddresses = []
        index = (index + 1) % addresses.count
        return index == 0
    }

    /// libmosquitto's non-blocking connect takes the first address that does not fail at once. Where a host has both
    /// IPv6 and IPv4 addresses and the first family's lead nowhere, a second attempt is kept to the other family.
    static func bindAddresses(forHost host: String) -> [String?] {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, nil, &hints, &list) == 0 else { return [nil] }
        defer { freeaddrinfo(list) }
        let first = list?.pointee.ai_family
        var item = list
        while let current = item {
            if current.pointee.ai_family != first {
                return [nil, current.pointee.ai_family == AF_INET6 ? "::" : "0.0.0.0"]
            }
            item = current.pointee.ai_next
        }
        return [nil]
    }
}

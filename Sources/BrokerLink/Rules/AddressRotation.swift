/// Which address, and which of its host's IP addresses, the next connection attempt goes to.
struct AddressRotation {
    struct Target: Equatable {
        var index: Int
        var address: BrokerLinkConfiguration.Address
        /// An IP address of the host's.
        var host: String
    }

    private let addresses: [BrokerLinkConfiguration.Address]
    private(set) var index = 0
    /// What the current address's host name stands for, when that is known.
    private var hosts: [String] = []
    private var position = 0
    /// Where the last link was.
    private var proven: String?

    init(addresses: [BrokerLinkConfiguration.Address]) {
        self.addresses = addresses.isEmpty ? [BrokerLinkConfiguration.Address(host: "", port: 0)] : addresses
    }

    /// The one whose turn it is.
    var address: BrokerLinkConfiguration.Address { addresses[index] }

    /// Nil: its host name has to be looked up.
    var target: Target? {
        position < hosts.count ? Target(index: index, address: address, host: hosts[position]) : nil
    }

    /// What the current address's host name stands for.
    mutating func found(_ hosts: [String]) {
        self.hosts = hosts.filter { $0 == proven } + hosts.filter { $0 != proven }
        position = 0
    }

    /// The attempt failed. True: all addresses have had their turn, time for a pause.
    mutating func advance() -> Bool {
        position += 1
        guard position >= hosts.count else { return false }
        forgetHosts()
        proven = nil
        index = (index + 1) % addresses.count
        return index == 0
    }

    /// The link was up and is lost: the name may stand for something else by now.
    mutating func linkLost() {
        proven = target?.host
        forgetHosts()
    }

    private mutating func forgetHosts() {
        hosts = []
        position = 0
    }
}

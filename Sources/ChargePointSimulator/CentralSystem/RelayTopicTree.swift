/// The relay format's default topics under a mountpoint.
package struct RelayTopicTree: Sendable, Equatable {
    /// Put in front of every topic as it is.
    package let mountpoint: String

    package init(mountpoint: String = "ocpp/") {
        self.mountpoint = mountpoint
    }

    /// The subscriptions that bring everything up: CALLs, and answers to commands.
    var upstreamFilters: [String] {
        ["\(mountpoint)cp/+", "\(mountpoint)cp/+/Reply"]
    }

    func downstream(_ identity: String) -> String {
        "\(mountpoint)cs/\(identity)"
    }

    /// The identity in a topic that one of `upstreamFilters` matches.
    func identity(inUpstream topic: String) -> String? {
        let prefix = "\(mountpoint)cp/"
        guard topic.hasPrefix(prefix) else { return nil }
        var identity = topic.dropFirst(prefix.count)
        if identity.hasSuffix("/Reply") { identity = identity.dropLast("/Reply".count) }
        guard !identity.isEmpty, identity.utf8.count <= 255, !identity.contains("/") else { return nil }
        return String(identity)
    }
}

import OutsideNames

/// One session as `GET …/clients` shows it, at one moment.
package struct ClientSnapshot: Sendable, Equatable {
    package var entry: ClientRoster.Entry
    package var port: Int
    package var mountpoint: String
    /// Seconds.
    package var heartbeatInterval: Int
    package var subscriptions: Int
    /// The CALL down that is unanswered: 0 or 1.
    package var callsDownInFlight: Int
    package var downstreamQueued: Int
    package var downstreamQueueLimit: Int
    package var downstreamRefused: Int
    package var openCallsUp: Int
    package var received: Traffic
    package var sent: Traffic
    package var lastSeenAt: Timestamp
    package var badMessages: Int
    /// What was wrong with the last bad message.
    package var lastBadMessage: String?
    /// OCPP security profile as seen from here (1, 2, 3; 0: none).
    package var securityProfile: Int
    /// From BootNotification, each at most 200 bytes; nil: none was seen.
    package var boot: Boot?

    package init(
        entry: ClientRoster.Entry, port: Int, mountpoint: String, heartbeatInterval: Int, subscriptions: Int = 1,
        callsDownInFlight: Int = 0, downstreamQueued: Int = 0, downstreamQueueLimit: Int = 100,
        downstreamRefused: Int = 0, openCallsUp: Int = 0, received: Traffic = Traffic(), sent: Traffic = Traffic(),
        lastSeenAt: Timestamp, badMessages: Int = 0, lastBadMessage: String? = nil, securityProfile: Int = 0,
        boot: Boot? = nil
    ) {
        self.entry = entry
        self.port = port
        self.mountpoint = mountpoint
        self.heartbeatInterval = heartbeatInterval
        self.subscriptions = subscriptions
        self.callsDownInFlight = callsDownInFlight
        self.downstreamQueued = downstreamQueued
        self.downstreamQueueLimit = downstreamQueueLimit
        self.downstreamRefused = downstreamRefused
        self.openCallsUp = openCallsUp
        self.received = received
        self.sent = sent
        self.lastSeenAt = lastSeenAt
        self.badMessages = badMessages
        self.lastBadMessage = lastBadMessage
        self.securityProfile = securityProfile
        self.boot = boot
    }

    /// OCPP messages and their bytes.
    package struct Traffic: Sendable, Equatable {
        package var messages: Int
        package var bytes: Int

        package init(messages: Int = 0, bytes: Int = 0) {
            self.messages = messages
            self.bytes = bytes
        }
    }

    package struct Boot: Sendable, Equatable {
        package var vendor: String?
        package var model: String?
        package var firmware: String?

        package init(vendor: String?, model: String?, firmware: String?) {
            self.vendor = vendor
            self.model = model
            self.firmware = firmware
        }
    }
}

extension ClientSnapshot {
    /// management.md, "Clients": EMQX's fields, then ours.
    func write(to writer: inout JSONWriter, node: String) {
        writer.beginObject()
        writer.member("node", node)
        writer.member("clientid", entry.identity.text)
        writer.member("username", entry.userName?.text)
        writer.member("proto_name", "OCPP")
        writer.member("proto_ver", entry.version)
        writer.member("ip_address", entry.address)
        writer.member("port", port)
        writer.member("mountpoint", mountpoint)
        writer.member("connected", true)
        writer.member("connected_at", entry.connectedAt)
        writer.member("created_at", entry.connectedAt)
        writer.member("disconnected_at", nil as String?)
        writer.member("keepalive", heartbeatInterval)
        writer.member("clean_start", true)
        writer.member("expiry_interval", 0)
        writer.member("is_bridge", false)
        writer.member("subscriptions_cnt", subscriptions)
        writer.member("subscriptions_max", 1)
        writer.member("inflight_cnt", callsDownInFlight)
        writer.member("inflight_max", 1)
        writer.member("mqueue_len", downstreamQueued)
        writer.member("mqueue_max", downstreamQueueLimit)
        writer.member("mqueue_dropped", downstreamRefused)
        writer.member("awaiting_rel_cnt", 0)
        writer.member("awaiting_rel_max", 0)
        writeTraffic(to: &writer)
        writer.member("heap_size", 0)
        writer.member("mailbox_len", 0)
        writer.member("reductions", 0)
        writeOurs(to: &writer)
        writer.endObject()
    }

    private func writeTraffic(to writer: inout JSONWriter) {
        writer.member("recv_oct", received.bytes)
        writer.member("recv_cnt", received.messages)
        writer.member("recv_pkt", received.messages)
        writer.member("recv_msg", received.messages)
        writer.member("send_oct", sent.bytes)
        writer.member("send_cnt", sent.messages)
        writer.member("send_pkt", sent.messages)
        writer.member("send_msg", sent.messages)
    }

    private func writeOurs(to writer: inout JSONWriter) {
        writer.member("listener", entry.listener.description)
        writer.member("session", entry.key.session)
        writer.member("last_seen_at", lastSeenAt)
        writer.member("open_calls_up", openCallsUp)
        writer.member("bad_messages", badMessages)
        writer.member("last_bad_message", lastBadMessage)
        writer.member("security_profile", securityProfile)
        writer.key("boot")
        guard let boot else { return writer.null() }
        writer.beginObject()
        writer.member("vendor", boot.vendor)
        writer.member("model", boot.model)
        writer.member("firmware", boot.firmware)
        writer.endObject()
    }
}

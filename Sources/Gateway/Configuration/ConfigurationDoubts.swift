import ChargePointSessions

// What is accepted and does something else than whoever wrote it may have meant: a warning each.

extension ConfigurationAssembly {
    mutating func warnOfTopics(_ listeners: [ListenerName]) {
        warnOfMountpoint(setting(.mountpoint))
        for listener in listeners {
            let own = setting(.listenerMountpoint, listener)
            if own.isSet { warnOfMountpoint(own) }
        }
        let overrides = setting(.upstreamOverrides)
        let actions = (ConfigurationText.pairs(overrides.text) ?? []).map(\.action)
        if let doubt = KnownActions.doubt(about: actions) { warn(overrides.problem(doubt)) }
        let exempt = setting(.formatCheckingExempt)
        if let doubt = KnownActions.doubt(about: ConfigurationText.list(exempt.text)) { warn(exempt.problem(doubt)) }
    }

    /// `ocpp` and `cp/${cid}` are `ocppcp/${cid}`.
    private mutating func warnOfMountpoint(_ mountpoint: ConfigurationSettings.Setting) {
        guard let last = mountpoint.text.utf8.last, last != UInt8(ascii: "/") else { return }
        let topic = "\(mountpoint.text)\(text(.upstreamTopic))".shownInOneLine
        warn(mountpoint.problem("does not end with a slash: CALLs are published to \(topic)"))
    }

    /// What does not say whose it is; presence messages do, in their payload, unless the broker keeps the last one only.
    mutating func warnOfSharedTopic(_ setting: ConfigurationSettings.Setting, _ topic: ConfiguredTopic) {
        guard !topic.namesChargePoint else { return }
        if setting.fullName == ConfigurationKey.presenceTopic.name, !boolean(.presenceRetain) { return }
        warn(setting.problem("without ${cid} all charge points share it: nobody can tell whose message it is"))
    }
}

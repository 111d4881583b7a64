import OutsideNames

/// Where libmosquitto's call-backs of one client lead to.
final class MosquittoListener {
    unowned let events: any MosquittoEvents
    /// Bytes of a payload that are read.
    let longestDelivery: DeliveryLimit
    /// Which Response Topics are taken from messages; nil: none.
    let responseTopics: Topic?
    let readsTraceParents: Bool
    /// What libmosquitto (and OpenSSL) said was wrong.
    private(set) var errorText: String?

    init(_ events: any MosquittoEvents, _ configuration: BrokerLinkConfiguration) {
        self.events = events
        longestDelivery = configuration.longestDelivery
        responseTopics = configuration.responseTopics
        readsTraceParents = configuration.readsTraceParents
    }

    static func of(_ userData: UnsafeMutableRawPointer?) -> MosquittoListener? {
        userData.map { Unmanaged<MosquittoListener>.fromOpaque($0).takeUnretainedValue() }
    }

    func noteError(_ text: String) {
        errorText = errorText.map { $0.count < 500 ? "\($0); \(text)" : $0 } ?? text
    }

    func forgetErrors() {
        errorText = nil
    }
}

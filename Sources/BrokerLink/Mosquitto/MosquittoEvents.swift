/// What libmosquitto reports, while one of `MosquittoClient`'s calls runs.
protocol MosquittoEvents: AnyObject {
    func mosquittoConnected(_ acknowledgement: ConnectAcknowledgement)
    /// `code`: a reason code of the broker's DISCONNECT (0x80 and more), or an error of libmosquitto.
    func mosquittoDisconnected(code: Int32, systemError: Int32)
    func mosquittoPublished(packetID: Int32, reasonCode: Int32)
    func mosquittoSubscribed(packetID: Int32, granted: UnsafeBufferPointer<Int32>)
    func mosquittoUnsubscribed(packetID: Int32)
    /// `redeliveryKey`: by which a QoS 1 message that the broker delivers again is known.
    func mosquittoReceived(_ message: BrokerMessage, redeliveryKey: Int?)
}

/// What libmosquitto reports. These call-backs come while one of the MQTT client's calls runs.
extension BrokerClient: MosquittoEvents {
    func mosquittoConnected(_ acknowledgement: ConnectAcknowledgement) { acknowledged(acknowledgement) }

    func mosquittoDisconnected(code: Int32, systemError: Int32) {
        state.noteEnd(ConnectionState.End(code: code, systemError: systemError))
    }

    func mosquittoPublished(packetID: Int32, reasonCode: Int32) {
        published(packetID: packetID, reasonCode: reasonCode)
    }

    func mosquittoSubscribed(packetID: Int32, granted: UnsafeBufferPointer<Int32>) {
        subscribed(packetID: packetID, granted: granted)
    }

    func mosquittoUnsubscribed(packetID: Int32) { unsubscribed(packetID: packetID) }

    func mosquittoReceived(_ message: BrokerMessage, redeliveryKey: Int?) {
        received(message, redeliveryKey: redeliveryKey)
    }
}

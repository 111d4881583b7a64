/// An MQTT client cannot be made, or not for what it is to connect to.
struct MosquittoSetUpError: Error {
    /// For the log; without secrets.
    var reason: String
}

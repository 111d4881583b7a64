/// One answer of an HTTP server.
package struct HTTPReply: Sendable {
    package var status: Int
    /// By lower-case name.
    package var headers: [String: String] = [:]
    package var body = ""

    package init(status: Int) {
        self.status = status
    }
}

import NIOCore

/// The files of the page, which are inside the program.
package protocol ManagementPage: Sendable {
    /// - Parameter path: `/`, `/page.js`.
    func file(at path: String) -> (type: String, bytes: ByteBuffer)?
    /// All paths that there are.
    var paths: [String] { get }
}

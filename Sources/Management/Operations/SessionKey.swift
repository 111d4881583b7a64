/// One session, for as long as it lasts: the `session` of its presence messages.
package struct SessionKey: Sendable, Hashable {
    package var session: String

    package init(_ session: String) {
        self.session = session
    }
}

/// A frame as somebody who looks on sees it.
package struct TappedFrame: Sendable {
    /// When it came or went, in milliseconds since 1970.
    package let milliseconds: Int64
    package let direction: MessageDirection
    /// As the log shows frames: what identifies people and what opens doors is hidden, unless `log.frames` is on.
    package let text: String
}

/// Somebody who looks on at a session's frames, both ways. Called on the session's event loop, in order; it must not
/// hold that up.
package protocol FrameTap: AnyObject, Sendable {
    func passed(_ frame: TappedFrame)
    /// Nothing follows.
    func sessionEnded()
}

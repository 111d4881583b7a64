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

extension ChargePointSession {
    /// From now on every frame is shown. False: the session has ended, and nothing will be.
    package func add(_ tap: any FrameTap) -> Bool {
        guard !isEnded else { return false }
        taps = (taps ?? []) + [tap]
        return true
    }

    package func remove(_ tap: any FrameTap) {
        taps?.removeAll { $0 === tap }
        if taps?.isEmpty == true { taps = nil }
    }
}

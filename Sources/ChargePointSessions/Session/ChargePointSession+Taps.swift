import NIOCore
import OCPPJ

// Those who look on at a session's frames.
extension ChargePointSession {
    /// From now on every frame is shown. False: the session has ended, and nothing will be.
    package func add(_ tap: any FrameTap) -> Bool {
        guard !isEnded else { return false }
        let extras = needExtras()
        extras.taps = (extras.taps ?? []) + [tap]
        return true
    }

    package func remove(_ tap: any FrameTap) {
        extras?.taps?.removeAll { $0 === tap }
        if extras?.taps?.isEmpty == true { extras?.taps = nil }
    }

    /// Shows a frame to those who look on.
    func show(_ text: ByteBuffer, _ direction: MessageDirection, to taps: [any FrameTap]) {
        let shown = FrameRedaction.text(of: text, showsAll: context.logsWholeFrames)
        let frame = TappedFrame(milliseconds: WallClock.milliseconds(), direction: direction, text: shown)
        for tap in taps { tap.passed(frame) }
    }
}

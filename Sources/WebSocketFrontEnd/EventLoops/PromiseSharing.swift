import NIOCore

extension Optional where Wrapped == EventLoopPromise<Void> {
    /// Has `promise` kept along with this one, or in its place where there is none.
    mutating func setOrCascade(to promise: EventLoopPromise<Void>?) {
        guard let promise else { return }
        if let self {
            self.futureResult.cascade(to: promise)
        } else {
            self = promise
        }
    }
}

/// A message from the broker that came while it was not clear yet whose it is.
struct HeldDownstreamMessage {
    let message: DownstreamMessage
    /// In the broker's order it stood in front of the session's own claim, and behind that of an older session, if one
    /// came at all.
    var isBeforeClaim: Bool
}

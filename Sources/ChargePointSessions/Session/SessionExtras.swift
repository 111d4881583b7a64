/// What hardly any session has, in a box that is made when there is something to put into it.
final class SessionExtras {
    var callSenders = CallSenders()
    var operatorCalls = OperatorCalls()
    /// Who looks on; nil: nobody.
    var taps: [any FrameTap]?
    var lastBadMessage: BadMessageNote?
}

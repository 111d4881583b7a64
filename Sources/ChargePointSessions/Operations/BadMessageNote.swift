/// The last bad message of a charge point, made only where there is one.
package final class BadMessageNote: Sendable {
    /// Milliseconds since 1970.
    package let milliseconds: Int64
    /// As the charge point's version spells it; nil: an answer to nothing.
    package let code: String?
    /// What was wrong: the rule and the JSON pointer.
    package let description: String

    init(milliseconds: Int64, code: String?, description: String) {
        self.milliseconds = milliseconds
        self.code = code
        self.description = description
    }
}

/// Why there can be no management server: each a line for the operator.
package struct ManagementFault: Error, Sendable, Equatable, CustomStringConvertible {
    package var problems: [String]

    init(_ problems: [String]) {
        self.problems = problems
    }

    package var description: String { problems.joined(separator: "; ") }
}

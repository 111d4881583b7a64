/// A password or key that a setting holds; shown by nothing.
package struct Secret: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package let text: String
    /// The file that it came from (`file://…`, or a `…_file` key), to be read again.
    package let file: String?

    package init(_ text: String, file: String? = nil) {
        self.text = text
        self.file = file
    }

    package var description: String { SettingProblem.hidden }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: [:]) }

    /// Bytes of a file that may hold one; the rest of a longer one is not read.
    package static let mostBytes = 64 * 1024

    /// The first line of a file, as UTF-8; nil: there is none.
    package static func firstLine(of bytes: some Collection<UInt8>) -> String? {
        var line = Array(bytes.prefix { $0 != UInt8(ascii: "\n") })
        if line.last == UInt8(ascii: "\r") { line.removeLast() }
        guard !line.isEmpty, !line.contains(0) else { return nil }
        return String(validating: line, as: UTF8.self)
    }
}

import Glibc
import Settings

/// `data_dir`/changes.yaml: what was changed over the management API, in CONFIG_FILE's own form. It is written beside,
/// synced and renamed, so that it is whole at every moment; the state before it stays as changes.yaml.last.
struct ChangesFile: Sendable {
    let directory: String

    /// What a file of changes holds.
    struct State: Sendable {
        /// Nil: nothing that can be used.
        var changes: SettingsTree?
        var problems: [SettingProblem] = []
        /// The path.
        var description: String
    }

    struct Failure: Error, Sendable, CustomStringConvertible {
        var description: String
    }

    private static let heading = "# Made over the management API, and counts before CONFIG_FILE.\n"

    var path: String { directory + "/changes.yaml" }
    private var lastPath: String { path + ".last" }
    private var newPath: String { path + ".new" }

    /// The current state, and the one before it, which may do where the current one cannot be used. None: nothing was
    /// changed.
    func load() -> [State] {
        guard Self.isThere(path) else { return [] }
        return [state(path)] + (Self.isThere(lastPath) ? [state(lastPath)] : [])
    }

    /// Also a link that leads nowhere, and what is in a folder that may not be looked into; not what would be in a folder
    /// that is none.
    private static func isThere(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0 || errno != ENOENT && errno != ENOTDIR
    }

    private func state(_ path: String) -> State {
        let file = ConfigurationFile(path: path, isChange: true)
        return State(
            changes: file.problems.isEmpty ? file.tree : nil, problems: file.problems, description: path)
    }

    /// Replaces what is there. When it throws, what was there is there still.
    func save(_ changes: SettingsTree) throws(Failure) {
        let text = Self.heading + SettingsDocument.file(changes.members)
        guard text.utf8.count <= ConfigurationFile.longest else {
            throw Failure(description: "the changes are longer than \(ConfigurationFile.longest) bytes")
        }
        // Made if missing; what is wrong with it shows when the file is opened.
        _ = mkdir(directory, 0o700)
        do throws(Failure) {
            try write(Array(text.utf8))
            try keepLast()
            try check(rename(newPath, path), path)
        } catch {
            unlink(newPath)
            throw error
        }
        syncDirectory()
    }

    private func write(_ bytes: [UInt8]) throws(Failure) {
        unlink(newPath)
        let descriptor = open(newPath, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        try check(descriptor, newPath)
        defer { close(descriptor) }
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            try check(count < 0 ? -1 : 0, newPath)
            rest = rest.dropFirst(count)
        }
        try check(fsync(descriptor), newPath)
    }

    /// A state that cannot be read is no good one, and must not push out the one that is.
    private func keepLast() throws(Failure) {
        guard access(path, F_OK) == 0, state(path).changes != nil else { return }
        unlink(lastPath)
        try check(link(path, lastPath), lastPath)
    }

    /// The names too must outlast a power cut; where the file system cannot do that, nothing else can be done.
    private func syncDirectory() {
        let descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }

    private func check(_ result: CInt, _ path: String) throws(Failure) {
        guard result < 0 else { return }
        throw Failure(description: "\(path): \(String(cString: strerror(errno)))")
    }
}

import Glibc

/// By which it shows, nearly always, that the file behind a path was written or replaced. Links are followed.
package struct FileStamp: Sendable, Equatable {
    /// Device, inode, length, and when it was written and changed; nothing where there is no such file.
    private let numbers: [Int64]

    /// - Parameter path: of a file that need not exist.
    package init(path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else {
            numbers = []
            return
        }
        numbers = [
            Int64(truncatingIfNeeded: status.st_dev), Int64(truncatingIfNeeded: status.st_ino),
            Int64(status.st_size), Int64(status.st_mtim.tv_sec), Int64(status.st_mtim.tv_nsec),
            Int64(status.st_ctim.tv_sec), Int64(status.st_ctim.tv_nsec),
        ]
    }
}

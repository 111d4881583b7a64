import BoundedFiles
import Glibc

/// How much memory this process may count on: the machine's, or what its container leaves it (cgroups).
enum MachineMemory {
    /// Bytes.
    static var bytes: Int {
        let pages = sysconf(Int32(_SC_PHYS_PAGES))
        let pageSize = sysconf(Int32(_SC_PAGESIZE))
        let (machine, overflows) = pages.multipliedReportingOverflow(by: pageSize)
        let known = pages > 0 && pageSize > 0 && !overflows ? machine : 1 << 30
        return min(known, limit(inGroups: text(of: "/proc/self/cgroup") ?? "", read: text) ?? known)
    }

    /// What this process has in memory now, in bytes.
    static var resident: Int? {
        // Pages: size, resident, shared, ...
        let fields = text(of: "/proc/self/statm")?.split(separator: " ") ?? []
        guard fields.count > 1, let pages = Int(fields[1]) else { return nil }
        return pages * sysconf(Int32(_SC_PAGESIZE))
    }

    /// The least limit of the control groups that hold this process, in bytes; nil: there is none.
    ///
    /// - Parameters:
    ///   - groups: `/proc/self/cgroup`, a line each: `0::/path` of version 2, `5:memory:/path` of version 1.
    ///   - read: the text of a file, nil where there is none.
    static func limit(inGroups groups: String, read: (String) -> String?) -> Int? {
        var files: [String] = []
        for line in groups.split(separator: "\n") {
            let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard fields.count == 3 else { continue }
            if fields[1].isEmpty {
                files += paths(of: fields[2]).map { "/sys/fs/cgroup\($0)/memory.max" }
            } else if fields[1].split(separator: ",").contains("memory") {
                files += paths(of: fields[2]).map { "/sys/fs/cgroup/memory\($0)/memory.limit_in_bytes" }
            }
        }
        // "max", or a number near that of all bytes there can be, is no limit; the machine's is less.
        return files.compactMap { read($0).flatMap { Int($0.trimmed) } }.filter { $0 > 0 }.min()
    }

    private static func text(of path: String) -> String? {
        (try? BoundedFile.read(path, limit: 65536)).map { String(decoding: $0, as: UTF8.self) }
    }

    /// A group and all that hold it: each may have the limit. In a container the last one is the container itself.
    private static func paths(of group: Substring) -> [String] {
        var paths = [""]
        for part in group.split(separator: "/") { paths.append("\(paths.last ?? "")/\(part)") }
        return paths
    }
}

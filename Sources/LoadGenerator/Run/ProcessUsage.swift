import Glibc

/// What a process has used so far, by its process id.
struct ProcessUsage: Sendable {
    /// CPU time of all its threads, in nanoseconds.
    var cpu: UInt64
    /// How the kernel divides it between the program and itself.
    var ticks: Ticks
    /// Resident memory in bytes.
    var resident: Int
    /// Resident memory in bytes, what is shared with other processes counted in part.
    var proportional: Int

    /// Nil when there is no such process, or it is not ours to look at.
    static func read(_ process: pid_t) -> ProcessUsage? {
        var clock = clockid_t()
        var time = timespec()
        // The same sum as in /proc/pid/stat, without its steps of 10 ms.
        guard clock_getcpuclockid(process, &clock) == 0, clock_gettime(clock, &time) == 0 else { return nil }
        guard let memory = text(of: "/proc/\(process)/smaps_rollup") else { return nil }
        return ProcessUsage(
            cpu: UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec),
            ticks: Ticks(of: "/proc/\(process)/stat"),
            resident: kibibytes("Rss:", in: memory) * 1024, proportional: kibibytes("Pss:", in: memory) * 1024)
    }

    /// CPU time of the calling thread, in nanoseconds.
    static func cpuOfThisThread() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    /// CPU time in steps of 10 ms, of a process or a thread.
    struct Ticks: Sendable {
        private var user = 0.0
        private var system = 0.0

        /// - Parameter path: a `stat` file below `/proc`; all is 0 when there is none.
        init(of path: String) {
            // The command's name, in brackets, may have spaces in it.
            guard let fields = text(of: path)?.split(separator: ")").last?.split(separator: " "), fields.count > 13,
                let user = Double(fields[11]), let system = Double(fields[12])
            else { return }
            self.user = user
            self.system = system
        }

        /// The kernel's part of what was used since then.
        func systemShare(since start: Ticks) -> Double {
            let all = user + system - start.user - start.system
            return all > 0 ? (system - start.system) / all : 0
        }
    }

    private static func kibibytes(_ key: String, in text: String) -> Int {
        for line in text.split(separator: "\n") where line.hasPrefix(key) {
            return line.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        }
        return 0
    }

    private static func text(of path: String) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 8192)
        let count = Glibc.read(descriptor, &bytes, bytes.count)
        return count > 0 ? String(decoding: bytes[..<count], as: UTF8.self) : nil
    }
}

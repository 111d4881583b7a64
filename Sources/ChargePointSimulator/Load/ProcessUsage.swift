import Glibc

/// What a process has used so far, by its process id.
struct ProcessUsage: Sendable {
    /// CPU time of all its threads, in nanoseconds.
    var cpu: UInt64
    /// The part of it that the kernel says was its own (from /proc/pid/stat, in steps of 10 ms).
    var systemShare: Double
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
            systemShare: systemShare("/proc/\(process)/stat"),
            resident: kibibytes("Rss:", in: memory) * 1024, proportional: kibibytes("Pss:", in: memory) * 1024)
    }

    /// CPU time of the calling thread, in nanoseconds.
    static func cpuOfThisThread() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    /// From a `stat` file of a process or thread; 0 when there is none.
    static func systemShare(_ path: String) -> Double {
        // The command's name, in brackets, may have spaces in it.
        guard let fields = text(of: path)?.split(separator: ")").last?.split(separator: " "), fields.count > 13,
            let user = Double(fields[11]), let system = Double(fields[12]), user + system > 0
        else { return 0 }
        return system / (user + system)
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

import Glibc

/// What every process tells about itself under the same names, read from /proc. What cannot be read is left out.
enum ProcessMetrics {
    static func families() -> [MetricFamily] {
        var families: [MetricFamily] = []
        if let seconds = cpuSeconds() {
            families.append(
                MetricFamily(unprefixed: "process_cpu_seconds_total", .counter, "Processor time", seconds))
        }
        if let bytes = residentBytes() {
            families.append(
                MetricFamily(unprefixed: "process_resident_memory_bytes", .gauge, "Memory in use", bytes))
        }
        if let count = openDescriptors() {
            families.append(
                MetricFamily(unprefixed: "process_open_fds", .gauge, "Open file descriptors", Double(count)))
        }
        var limit = rlimit()
        if getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 {
            families.append(
                MetricFamily(
                    unprefixed: "process_max_fds", .gauge, "File descriptors that may be open", Double(limit.rlim_cur)))
        }
        if let time = startTime {
            families.append(
                MetricFamily(
                    unprefixed: "process_start_time_seconds", .gauge, "When the process began, as a Unix time", time))
        }
        return families
    }

    private static func cpuSeconds() -> Double? {
        var time = timespec()
        guard clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) == 0 else { return nil }
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    private static func residentBytes() -> Double? {
        let fields = read("/proc/self/statm")?.split(separator: " ") ?? []
        guard fields.count > 1, let pages = Double(fields[1]) else { return nil }
        return pages * Double(sysconf(Int32(_SC_PAGESIZE)))
    }

    private static func openDescriptors() -> Int? {
        guard let directory = opendir("/proc/self/fd") else { return nil }
        defer { closedir(directory) }
        var count = 0
        while readdir(directory) != nil { count += 1 }
        return max(0, count - 3)  // `.`, `..` and the one that reads them
    }

    /// The moment of boot and the ticks since then, which `/proc/self/stat` has as its 22nd field.
    private static let startTime: Double? = {
        guard let stat = read("/proc/self/stat"), let end = stat.lastIndex(of: ")"), let boot = bootTime() else {
            return nil
        }
        // The 2nd field is the program's name in brackets, and may hold anything.
        let fields = stat[stat.index(after: end)...].split(separator: " ")
        guard fields.count > 19, let ticks = Double(fields[19]) else { return nil }
        return boot + ticks / Double(sysconf(Int32(_SC_CLK_TCK)))
    }()

    private static func bootTime() -> Double? {
        read("/proc/stat")?.split(separator: "\n").first { $0.hasPrefix("btime ") }
            .flatMap { Double($0.dropFirst("btime ".count)) }
    }

    /// At most 256 KB of a file.
    private static func read(_ path: String) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16_384)
        while bytes.count < 262_144 {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            guard count > 0 else { break }
            bytes += chunk[..<count]
        }
        return bytes.isEmpty ? nil : String(decoding: bytes, as: UTF8.self)
    }
}

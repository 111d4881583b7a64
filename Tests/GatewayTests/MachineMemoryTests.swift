import Testing

@testable import Gateway

@Suite("configuration.md: limits.memory is by default a quarter of the machine's or the container's memory")
struct MachineMemoryTests {
    @Test
    func `The least limit of the process's own groups and of those that hold them counts`() {
        let files = [
            "/sys/fs/cgroup/a/memory.max": "300000000\n", "/sys/fs/cgroup/a/b/memory.max": "max\n",
            "/sys/fs/cgroup/memory/docker/x/memory.limit_in_bytes": "500000000\n",
        ]
        #expect(MachineMemory.limit(inGroups: "0::/a/b\n") { files[$0] } == 300_000_000)
        let version1 = "12:cpuset:/\n5:memory:/docker/x\n0::/\n"
        #expect(MachineMemory.limit(inGroups: version1) { files[$0] } == 500_000_000)
    }

    @Test
    func `In a container whose group is the root of what it sees, the root's limit counts`() {
        let limit = MachineMemory.limit(inGroups: "0::/\n") { $0 == "/sys/fs/cgroup/memory.max" ? "134217728\n" : nil }
        #expect(limit == 134_217_728)
    }

    @Test
    func `Without a limit, or with a text that is none, there is none`() {
        #expect(MachineMemory.limit(inGroups: "0::/a\n") { _ in "max\n" } == nil)
        #expect(MachineMemory.limit(inGroups: "garbage\n:\n1:memory\n") { _ in "-5" } == nil)
        #expect(MachineMemory.bytes > 1 << 20)
    }
}

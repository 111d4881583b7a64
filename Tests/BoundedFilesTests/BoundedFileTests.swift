import BoundedFiles
import Foundation
import Testing

@Suite struct BoundedFileTests {
    private let folder: URL

    init() throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("files-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    private func path(_ name: String) -> String { folder.appendingPathComponent(name).path }

    private func file(_ name: String, _ text: String) throws -> String {
        try text.write(toFile: path(name), atomically: true, encoding: .utf8)
        return path(name)
    }

    private func pipe(_ name: String) throws -> String {
        try #require(mkfifo(path(name), 0o600) == 0)
        return path(name)
    }

    @Test func `A file is read up to the limit and not a byte further`() throws {
        let file = try file("ten", "0123456789")
        #expect(try BoundedFile.read(file, limit: 10) == Array("0123456789".utf8))
        #expect(try BoundedFile.readAtOnce(file, limit: 10) == Array("0123456789".utf8))
        #expect(try BoundedFile.readRegular(file, limit: 10) == Array("0123456789".utf8))
        #expect(throws: BoundedFile.Failure.tooLong(9)) { try BoundedFile.read(file, limit: 9) }
        #expect(throws: BoundedFile.Failure.tooLong(9)) { try BoundedFile.readAtOnce(file, limit: 9) }
        #expect(throws: BoundedFile.Failure.tooLong(9)) { try BoundedFile.readRegular(file, limit: 9) }
        #expect(BoundedFile.Failure.tooLong(9).description == "it is longer than 9 bytes")
    }

    @Test func `A file without an end is given up at the limit`() {
        #expect(throws: BoundedFile.Failure.tooLong(1 << 20)) {
            try BoundedFile.read("/dev/zero", limit: 1 << 20)
        }
    }

    @Test func `A missing file and a directory say what they are`() throws {
        let missing = BoundedFile.Failure.system("No such file or directory")
        #expect(throws: missing) { try BoundedFile.read(path("none"), limit: 10) }
        #expect(throws: missing) { try BoundedFile.readAtOnce(path("none"), limit: 10) }
        #expect(throws: missing) { try BoundedFile.readRegular(path("none"), limit: 10) }
        #expect(throws: BoundedFile.Failure.isDirectory) { try BoundedFile.read(folder.path, limit: 10) }
        #expect(throws: BoundedFile.Failure.isDirectory) { try BoundedFile.readAtOnce(folder.path, limit: 10) }
        #expect(throws: BoundedFile.Failure.isDirectory) { try BoundedFile.readRegular(folder.path, limit: 10) }
        #expect(BoundedFile.obstacle(to: folder.path) == "it is a directory")
        #expect(BoundedFile.obstacle(to: try file("fine", "x")) == nil)
    }

    @Test func `A pipe that nobody writes to holds nobody up`() throws {
        let pipe = try pipe("quiet")
        #expect(try BoundedFile.read(pipe, limit: 10) == [])
        #expect(try BoundedFile.readAtOnce(pipe, limit: 10) == [])
        #expect(try BoundedFile.readRegular(pipe, limit: 10) == nil)
    }

    @Test func `The writer of a pipe that has not come to it yet is waited for at the start only`() throws {
        let pipe = try pipe("slow")
        // Opened for both, so that it does not wait for a reader.
        let writer = open(pipe, O_RDWR | O_CLOEXEC)
        try #require(writer >= 0)
        #expect(throws: BoundedFile.Failure.system("Resource temporarily unavailable")) {
            try BoundedFile.readAtOnce(pipe, limit: 10)
        }
        // What is in a pipe goes with the last who has it open: the writer may be done before the reader comes.
        let keeper = open(pipe, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        try #require(keeper >= 0)
        defer { close(keeper) }
        // It comes to it at the first chance; how much later the reader sees it makes no difference to what is read.
        Thread.detachNewThread {
            _ = write(writer, "late", 4)
            close(writer)
        }
        #expect(try BoundedFile.read(pipe, limit: 10) == Array("late".utf8))
    }
}

@Suite struct FileStampTests {
    @Test func `A stamp changes with the file and stays as it is otherwise`() throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("stamp-\(UUID().uuidString)").path
        let none = FileStamp(path: path)
        #expect(none == FileStamp(path: path))
        try "one".write(toFile: path, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(atPath: path) }
        let first = FileStamp(path: path)
        #expect(first != none && first == FileStamp(path: path))
        // Of the same length.
        try "two".write(toFile: path, atomically: true, encoding: .utf8)
        #expect(FileStamp(path: path) != first)
    }
}

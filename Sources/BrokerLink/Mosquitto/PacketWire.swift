import CMosquittoWire

/// What libmosquitto reads and writes on one TCP connection, many packets by one system call.
final class PacketWire {
    /// The memory that the connections of one thread use in turn.
    final class Buffers {
        fileprivate let handle: OpaquePointer

        init() {
            guard let handle = cmosquittowire_buffers_new() else { fatalError("no memory for the broker link") }
            self.handle = handle
        }

        deinit {
            cmosquittowire_buffers_free(handle)
        }
    }

    /// False: libmosquitto is linked in another way than we know, and reads and writes by itself.
    static let isPossible = cmosquittowire_install()

    private let handle: OpaquePointer
    private let buffers: Buffers

    init?(_ buffers: Buffers) {
        guard Self.isPossible, let handle = cmosquittowire_new(buffers.handle) else { return nil }
        self.handle = handle
        self.buffers = buffers
    }

    deinit {
        cmosquittowire_free(handle)
    }

    /// The descriptor of the next connection; nil: it is closed.
    func use(_ descriptor: Int32?) {
        cmosquittowire_connected(handle, descriptor ?? -1)
    }

    /// What libmosquitto writes in `body` waits for `flush` (`gathering`), or goes to the kernel at once.
    func work<Result>(gathering: Bool, _ body: () -> Result) -> Result {
        let before = cmosquittowire_work(handle, gathering)
        defer { cmosquittowire_rest(before) }
        return body()
    }

    /// The kernel says that there is something to read.
    func becameReadable() {
        cmosquittowire_readable(handle)
    }

    /// Something has been read that libmosquitto has not had yet.
    var hasRead: Bool { cmosquittowire_has_read(handle) }

    /// Sends what was gathered, as far as the kernel takes it.
    func flush() {
        cmosquittowire_flush(handle)
    }

    /// The kernel has not taken all.
    var isFull: Bool { cmosquittowire_keeps(handle) }
}

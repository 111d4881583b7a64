import NIOCore
import NIOPosix

/// The charge points of one event loop: connects them, says when each sends, and keeps the figures.
///
/// Everything here happens on that event loop.
final class LoadLoop {
    /// What makes charge points send.
    enum Drive {
        case nothing
        /// Each charge point one CALL, then no more.
        case once
        /// A CALL for each answer.
        case closed
        /// A CALL at each of these instants, whether or not the last ones have been answered.
        case paced(next: NIODeadline, interval: TimeAmount)
    }

    let eventLoop: any EventLoop
    private let target: LoadTarget
    private let indices: StrideTo<Int>
    private let frame: CallFrame

    var counters = LoadCounters()
    private(set) var latency = LatencyHistogram()
    private(set) var upgrades = LatencyHistogram()

    private var chargePoints: [LoadChargePoint] = []
    private var drive = Drive.nothing
    /// Charge points that may send, the one that has waited longest first; one that may have several CALLs open is
    /// here several times.
    private var ready = CircularBuffer<LoadChargePoint>()
    private var unflushed: [LoadChargePoint] = []
    private var inFlight = 0
    private var onceDone: EventLoopPromise<Void>?
    private var pacer: Scheduled<Void>?

    private var toConnect: StrideTo<Int>.Iterator
    private var connecting = 0
    private var isAllBegun = false
    private var connected: EventLoopPromise<Void>?
    private var allEnded: EventLoopPromise<Void>?
    private var sockets = 0

    init(eventLoop: any EventLoop, target: LoadTarget, indices: StrideTo<Int>) {
        self.eventLoop = eventLoop
        self.target = target
        self.indices = indices
        toConnect = indices.makeIterator()
        frame = CallFrame(action: target.action, payload: target.payload)
    }

    func newFrame() -> CallFrame { frame }

    /// What this event loop's thread has used so far, in nanoseconds.
    var cpu: UInt64 { ProcessUsage.cpuOfThisThread() }

    /// From here on the figures count.
    func reset() {
        counters.startOver()
        latency = LatencyHistogram()
    }

    // MARK: Connections

    /// Connects them all; the future succeeds when each has been let in or refused.
    func connect() -> EventLoopFuture<Void> {
        toConnect = indices.makeIterator()
        isAllBegun = false
        upgrades = LatencyHistogram()
        let promise = eventLoop.makePromise(of: Void.self)
        connected = promise
        connectMore()
        return promise.futureResult
    }

    private func connectMore() {
        while connecting < target.concurrency {
            guard let index = toConnect.next() else {
                isAllBegun = true
                break
            }
            connecting += 1
            begin(index)
        }
        if isAllBegun, connecting == 0, let connected {
            self.connected = nil
            connected.succeed()
        }
    }

    private func begin(_ index: Int) {
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        let request = target.request(index)
        var bootstrap = ClientBootstrap(group: eventLoop)
            .connectTimeout(.seconds(30))
            .channelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: target.receiveBytes))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let loop = bound.value
                    let chargePoint = LoadChargePoint(
                        loop: loop, request: request, openCalls: loop.target.openPerChargePoint)
                    if let tls = loop.target.tls { try channel.pipeline.syncOperations.addHandler(tls.handler()) }
                    try channel.pipeline.syncOperations.addHandler(chargePoint)
                }
            }
        if let source = target.source(index) { bootstrap = bootstrap.bind(to: source) }
        bootstrap.connect(to: target.address).assumeIsolated().whenComplete { result in
            switch result {
            case .success: self.sockets += 1
            case .failure(let error): self.refused("\(error)")
            }
        }
    }

    func opened(_ chargePoint: LoadChargePoint, after time: TimeAmount) {
        connecting -= 1
        counters.open += 1
        upgrades.record(time)
        chargePoints.append(chargePoint)
        connectMore()
    }

    func refused(_ reason: String) {
        connecting -= 1
        counters.refused += 1
        if counters.firstRefusal == nil { counters.firstRefusal = reason }
        connectMore()
    }

    func lost(_ chargePoint: LoadChargePoint) {
        counters.lost += 1
        counters.open -= 1
        inFlight -= chargePoint.openCallCount
        // Its turn is passed over when it comes; for its open CALLs no answer brings the next ones.
        let now = NIODeadline.now()
        switch drive {
        case .nothing: break
        case .once:
            for _ in 0..<chargePoint.openCallCount { _ = sendNext(start: now) }
            finishOnce()
        case .closed:
            for _ in 0..<chargePoint.openCallCount { _ = sendNext(start: now) }
        case .paced: pump(now)
        }
        flush()
    }

    func ended() {
        sockets -= 1
        if sockets <= 0, let allEnded {
            self.allEnded = nil
            allEnded.succeed()
        }
    }

    /// Closes them all; the future succeeds when the sockets are gone.
    func close() -> EventLoopFuture<Void> {
        stop()
        let promise = eventLoop.makePromise(of: Void.self)
        let all = chargePoints
        chargePoints = []
        counters.open = 0
        guard sockets > 0 else {
            promise.succeed()
            return promise.futureResult
        }
        allEnded = promise
        for chargePoint in all { chargePoint.close() }
        return promise.futureResult
    }

    // MARK: Traffic

    /// - Parameters:
    ///   - open: CALLs open at a time in all charge points of this loop.
    ///   - active: charge points that send; the others stay idle.
    func start(_ drive: Drive, open: Int, active: Int = .max) -> EventLoopFuture<Void> {
        self.drive = drive
        ready.removeAll()
        let turns = if case .once = drive { 1 } else { target.openPerChargePoint }
        for _ in 0..<turns {
            for chargePoint in chargePoints.prefix(active) where chargePoint.isOpen { ready.append(chargePoint) }
        }
        let promise = eventLoop.makePromise(of: Void.self)
        switch drive {
        case .nothing: promise.succeed()
        case .once:
            onceDone = promise
            sendReady(upTo: open)
            finishOnce()
        case .closed:
            promise.succeed()
            sendReady(upTo: open)
        case .paced:
            promise.succeed()
            pump(.now())
        }
        flush()
        return promise.futureResult
    }

    func stop() {
        drive = .nothing
        pacer?.cancel()
        pacer = nil
        onceDone?.succeed()
        onceDone = nil
    }

    var openCalls: Int { inFlight }

    private func sendReady(upTo limit: Int) {
        let now = NIODeadline.now()
        while inFlight < limit, sendNext(start: now) {}
    }

    /// False: no charge point may send.
    private func sendNext(start: NIODeadline) -> Bool {
        while let chargePoint = ready.popFirst() {
            guard chargePoint.hasFreeSlot else { continue }
            chargePoint.send(start: start)
            inFlight += 1
            counters.sent += 1
            return true
        }
        return false
    }

    func answered(_ chargePoint: LoadChargePoint, start: NIODeadline, isError: Bool) {
        let now = NIODeadline.now()
        inFlight -= 1
        if isError {
            counters.errors += 1
        } else {
            counters.answered += 1
            latency.record(now - start)
        }
        switch drive {
        case .nothing: break
        case .once:
            _ = sendNext(start: now)
            finishOnce()
        case .closed:
            ready.append(chargePoint)
            _ = sendNext(start: now)
        case .paced:
            ready.append(chargePoint)
            pump(now)
        }
    }

    private func finishOnce() {
        guard inFlight == 0, ready.isEmpty, let onceDone else { return }
        self.onceDone = nil
        onceDone.succeed()
    }

    /// Sends what is due.
    private func pump(_ now: NIODeadline) {
        guard case .paced(var next, let interval) = drive else { return }
        while next <= now {
            // A charge point that had to wait for its turn counts its waiting time; the lateness of a timer is ours.
            guard sendNext(start: now - next > .milliseconds(1) ? next : now) else { break }
            next = next + interval
        }
        drive = .paced(next: next, interval: interval)
        pacer?.cancel()
        pacer = eventLoop.assumeIsolated().scheduleTask(deadline: max(next, now + .microseconds(50))) {
            self.pump(.now())
            self.flush()
        }
    }

    func flushLater(_ chargePoint: LoadChargePoint) {
        guard !chargePoint.needsFlush else { return }
        chargePoint.needsFlush = true
        unflushed.append(chargePoint)
    }

    func flush() {
        guard !unflushed.isEmpty else { return }
        for chargePoint in unflushed { chargePoint.flush() }
        unflushed.removeAll(keepingCapacity: true)
    }
}

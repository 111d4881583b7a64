import BrokerLink
import CallTracing
import ChargePointSessions
import CredentialChecking
import Management
import NIOCore
import WebSocketFrontEnd

extension GatewayControl: MetricOperations {
    func metrics() async -> [MetricFamily] {
        let listeners = await service.listeners.summaries
        return Self.families(of: listeners) + Self.families(of: service.counters)
            + Self.families(of: service.link.statuses) + authenticationFamilies + [loopDelays, droppedLines]
            + spans
    }

    // MARK: What comes in

    private static func families(of listeners: [WebSocketFrontEnd.ListenerSummary]) -> [MetricFamily] {
        [
            MetricFamily(
                .handshakes,
                listeners.flatMap { listener in
                    listener.handshakes.map { MetricSample([listener.id.description, $0.status], $0.count) }
                }),
            MetricFamily(
                .certificateExpiry,
                listeners.compactMap { listener in
                    listener.certificateEnd.map { MetricSample([listener.id.description], Double($0)) }
                }),
        ]
    }

    private var authenticationFamilies: [MetricFamily] {
        guard let gate = service.authenticator?.gate else { return [] }
        let status = gate.status
        return [
            MetricFamily(
                .authentication,
                AuthenticationResult.allCases.map { result in
                    MetricSample([gate.backendName, "\(result)"], gate.results.value(result))
                }),
            MetricFamily(.authenticationSeconds, [MetricSample([], gate.durations.snapshot)]),
            MetricFamily(.authenticationWaiting, [MetricSample([], status.waiting)]),
            MetricFamily(.authenticationUp, [MetricSample([], status.isUp ? 1 : 0)]),
            MetricFamily(.authenticationCacheHits, [MetricSample([], status.cacheHits)]),
        ]
    }

    // MARK: Sessions and messages

    static func families(of counters: SessionCounters) -> [MetricFamily] {
        sessionFamilies(counters) + messageFamilies(counters) + singleCounts(counters) + [
            MetricFamily(.downstreamQueued, [MetricSample([], counters.value(.queuedCalls))]),
            MetricFamily(
                .openCalls,
                [
                    MetricSample([MessageDirection.up.label], counters.value(.openCallsUp)),
                    MetricSample([MessageDirection.down.label], counters.value(.openCallsDown)),
                ]),
        ]
    }

    private static func sessionFamilies(_ counters: SessionCounters) -> [MetricFamily] {
        [
            MetricFamily(
                .sessions,
                counters.sessionsByKind.map { kind in
                    MetricSample(
                        [Management.ListenerID(shortName: kind.listener).description, kind.version.rawValue],
                        kind.count)
                }),
            MetricFamily(
                .sessionsClosed,
                SessionEndReason.allCases.map { MetricSample([$0.rawValue], counters.sessionsClosed($0)) }),
        ]
    }

    private static func messageFamilies(_ counters: SessionCounters) -> [MetricFamily] {
        let directions = MessageDirection.allCases
        let messages = directions.flatMap { direction in
            MessageLabel.allCases.map { label in
                (labels: [direction.label, "\(label)"], counts: counters.messages(direction, label))
            }
        }
        return [
            MetricFamily(.messages, messages.map { MetricSample($0.labels, $0.counts.count) }),
            MetricFamily(.messageBytes, messages.map { MetricSample($0.labels, $0.counts.bytes) }),
            MetricFamily(
                .calls,
                directions.flatMap { direction in
                    counters.callsByAction(direction).map { MetricSample([direction.label, $0.action], $0.count) }
                }),
            MetricFamily(.callSeconds, directions.map { MetricSample([$0.label], counters.callSeconds($0)) }),
            MetricFamily(
                .badMessages,
                directions.flatMap { direction in
                    counters.badMessagesByCode(direction).map { MetricSample([direction.label, $0.code], $0.count) }
                }),
            MetricFamily(
                .reports, UndeliveredReason.allCases.map { MetricSample([$0.rawValue], reports($0, counters)) }),
        ]
    }

    /// Those that nobody is told of are counted by themselves.
    private static func reports(_ reason: UndeliveredReason, _ counters: SessionCounters) -> Int {
        switch reason {
        case .duplicate: counters.value(.duplicates)
        case .unsolicited: counters.value(.unsolicited)
        default: counters.reports(reason)
        }
    }

    private static func singleCounts(_ counters: SessionCounters) -> [MetricFamily] {
        let counts: [(GatewayMetric, [SessionCount])] = [
            (.unmatchedAnswers, [.unmatchedAnswers]), (.lateAnswers, [.lateAnswers]),
            (.duplicates, [.duplicates, .retries]), (.unsolicited, [.unsolicited]),
            (.answerTimeouts, [.answerTimeouts]),
        ]
        return counts.map { metric, counts in
            MetricFamily(metric, [MetricSample([], counts.reduce(0) { $0 + counters.value($1) })])
        }
    }

    // MARK: The broker

    private static func families(of statuses: [BrokerConnectionStatus]) -> [MetricFamily] {
        func family(
            _ metric: GatewayMetric, _ sample: (_ labels: [String], _ status: BrokerConnectionStatus) -> MetricSample
        ) -> MetricFamily {
            MetricFamily(metric, statuses.map { sample([String($0.index)], $0) })
        }
        return [
            family(.brokerUp) { MetricSample($0, $1.isUp ? 1 : 0) },
            family(.brokerPending) { MetricSample($0, $1.pending) },
            family(.brokerReconnects) { MetricSample($0, $1.count(.reconnects)) },
            family(.brokerAcknowledgement) { MetricSample($0, $1.acknowledgementTime) },
        ]
    }

    // MARK: The process

    private var loopDelays: MetricFamily {
        let delays = service.sight.pulse.longestDelays(now: .now())
        return MetricFamily(
            .loopDelay,
            delays.enumerated().map { number, delay in
                MetricSample([String(number)], Double(delay.nanoseconds) / 1e9)
            })
    }

    /// None where nothing is traced.
    private var spans: [MetricFamily] {
        guard let tracer = service.tracer else { return [] }
        return [
            MetricFamily(
                .traceSpans,
                SpanCount.allCases.map { MetricSample(["\($0)"], tracer.queue.counters.value($0)) })
        ]
    }

    private var droppedLines: MetricFamily {
        MetricFamily(.logLinesDropped, [MetricSample([], logs.linesDropped)])
    }
}

extension MessageDirection {
    fileprivate var label: String {
        switch self {
        case .up: "up"
        case .down: "down"
        }
    }
}

/// What a run lives by.
enum RunBeat<Event: Sendable>: Sendable {
    /// A second has passed.
    case second
    case event(Event)
}

/// Calls `body` each second and with each event, until `body` returns false, `duration` has passed, SIGINT or SIGTERM
/// comes, or the task is cancelled.
func withRunBeats<Event: Sendable>(
    for duration: Duration?, events: AsyncStream<Event>, body: (RunBeat<Event>) -> Bool
) async {
    let (beats, continuation) = AsyncStream.makeStream(of: RunBeat<Event>.self)
    await withTaskGroup(of: Void.self) { group in
        group.addTask {
            await StopSignal.wait()
            continuation.finish()
        }
        if let duration {
            group.addTask {
                try? await Task.sleep(for: duration)
                continuation.finish()
            }
        }
        group.addTask {
            while !Task.isCancelled {
                try? await Task.sleep(for: .seconds(1))
                continuation.yield(.second)
            }
        }
        group.addTask {
            for await event in events { continuation.yield(.event(event)) }
        }
        for await beat in beats {
            guard body(beat) else { break }
        }
        group.cancelAll()
    }
}

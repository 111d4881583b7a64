import Logging
import Management
import ServiceLifecycle

/// The management server beside the gateway: charge points are not left alone because nobody can look at them.
struct ManagementService: Service {
    let server: ManagementServer
    let logger: Logger

    func run() async throws {
        do {
            try await server.run()
        } catch {
            logger.error(
                "management cannot listen, the gateway goes on without it", metadata: ["reason": "\(error)"])
            try? await gracefulShutdown()
        }
    }
}

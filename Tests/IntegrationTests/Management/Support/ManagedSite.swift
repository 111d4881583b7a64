import Foundation
import TestSupport

/// A site whose gateway can be managed, with a data folder of its own.
struct ManagedSite: Sendable {
    let site: Site
    let management: ManagementClient
    let data: DataFolder

    var gateway: GatewayProcess { site.gateway }
    var central: CentralSystem { site.central }
    var broker: TestBroker { site.broker }
    /// With the role viewer.
    var viewer: ManagementClient { management.with(key: DataFolder.viewer) }
}

/// `data_dir`, and what else a test hands a gateway as files; gone with the test.
final class DataFolder: Sendable {
    static let viewer = "eyes:viewers-secret"

    let url: URL

    init() throws {
        url = FileManager.default.temporaryDirectory.appending(path: "managed-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        try write("\(Self.viewer):viewer\n", to: "keys")
    }

    deinit { try? FileManager.default.removeItem(at: url) }

    func path(_ name: String) -> String { url.appending(path: name).path }

    func write(_ text: String, to name: String) throws { try Data(text.utf8).write(to: url.appending(path: name)) }

    func text(_ name: String) -> String? { try? String(contentsOf: url.appending(path: name), encoding: .utf8) }

    /// What a gateway with this folder is told.
    var settings: [String: String] {
        [
            "MANAGEMENT_BIND": "127.0.0.1:0", "MANAGEMENT_API_KEY": "ops", "MANAGEMENT_API_SECRET": "operators-secret",
            "MANAGEMENT_API_KEYS_FILE": path("keys"), "DATA_DIR": path("data"),
        ]
    }
}

/// Runs a test against a gateway whose management answers.
///
/// - Parameter bindingByFile: The listener's address comes from CONFIG_FILE: what the environment says cannot be changed.
func withManagedSite(
    _ settings: [String: String] = [:], bindingByFile: Bool = false, broker: TestBroker? = nil, weight: Int = 1,
    _ body: @escaping @Sendable (ManagedSite) async throws -> Void
) async throws {
    let data = try DataFolder()
    var all = data.settings
    if bindingByFile {
        try data.write("listeners.ws.default.bind: 127.0.0.1:0\n", to: "gateway.yaml")
        all["CONFIG_FILE"] = data.path("gateway.yaml")
        all["LISTENERS_WS_DEFAULT_BIND"] = GatewayProcess.unsaid
    }
    all.merge(settings) { _, own in own }
    try await withSite(all, broker: broker, weight: weight) { site in
        let managed = ManagedSite(site: site, management: try await site.gateway.management(), data: data)
        try await body(managed)
    }
}

extension GatewayProcess {
    /// Waits until its management listens.
    func management() async throws -> ManagementClient {
        let line = try await log("where management listens") { $0.message == "management listening" }
        guard let port = line.fields["address"]?.split(separator: ":").last.flatMap({ Int($0) }) else {
            throw Failure("no port in \(line.text)")
        }
        return ManagementClient(address: try .init(ipAddress: "127.0.0.1", port: port))
    }
}

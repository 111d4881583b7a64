import Management
import NIOCore
import PageFiles

extension GatewayControl: GatewayOperations {
    var gatewayID: String { service.configuration.gatewayID.text }
}

/// The page's files, as the management server serves them.
struct EmbeddedPage: ManagementPage {
    private let files: [String: (type: String, bytes: ByteBuffer)]

    init() {
        files = Dictionary(
            uniqueKeysWithValues: PageFiles.files.map {
                ($0.path, (type: $0.contentType, bytes: ByteBuffer(bytes: $0.bytes)))
            })
    }

    func file(at path: String) -> (type: String, bytes: ByteBuffer)? { files[path] }

    var paths: [String] { files.keys.sorted() }
}

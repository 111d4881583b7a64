import HTTPTypes
import NIOCore

/// What is shown to people: the page, and the description of the API.
enum DocumentRoutes {
    /// Nothing from elsewhere is loaded, nobody else frames the page, and what is typed into it is sent by its own script
    /// alone.
    private static let pagePolicy =
        "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; object-src 'none'"

    static func routes(_ page: (any ManagementPage)?) -> [Route] {
        let pageRoutes = (page?.paths ?? []).map { path in
            Route(.get, path, .open) { _ in
                guard let file = page?.file(at: path) else { throw APIError.notFound("there is nothing at this path") }
                var answer = Answer.bytes(file.bytes, type: file.type)
                answer.headers[.contentSecurityPolicy] = pagePolicy
                return answer
            }
        }
        return pageRoutes + [
            Route(.get, "/api-docs/openapi.yaml", .viewer) { _ in
                .bytes(ByteBuffer(bytes: PackageResources.openapi_yaml), type: "application/yaml")
            }
        ]
    }
}

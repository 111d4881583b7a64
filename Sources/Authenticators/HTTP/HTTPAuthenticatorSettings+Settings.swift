import BackendHTTPClient
import CredentialChecking
import Settings

extension HTTPAuthenticatorSettings {
    /// The section of `backend: http`; what all backends have in common is set by whoever reads it.
    package init(_ read: inout SettingsReader) {
        self.init()
        method = read("authentication.method", .choice(Method.self), default: method, help: "http: how it is asked")
        url =
            read.required(
                "authentication.url", .text.hiding(BackendURL.shown), help: "http: the server that decides") ?? ""
        headers =
            read(
                "authentication.headers", .secretTextMap, default: [],
                help: "http, jwt: headers of a request, with placeholders"
            ).pairs
        body =
            read(
                "authentication.body", .textMap { !CredentialTemplate.isOfPlaceholders($0) },
                default: body.map { SettingsMember($0.name, .text($0.value)) },
                help: "http: what is asked, with placeholders"
            ).pairs
        requestTimeout = read(
            "authentication.request_timeout", .duration(.milliseconds(1)...(.seconds(3600))), default: requestTimeout,
            help: "http, jwt: for an answer")
        read.ignored("authentication.enable_pipelining", because: "each request waits for its answer")
        read.ignored("authentication.pool_type", because: "the gateway needs no such setting")
        guard !read.layers.isEmpty, !url.isEmpty else { return }
        do throws(HTTPRequestTemplate.Problem) {
            _ = try HTTPRequestTemplate(self)
        } catch {
            read.problem("authentication.\(error.key)", error.words)
        }
    }
}

extension [SettingsMember] {
    fileprivate var pairs: [(name: String, value: String)] {
        map { (name: $0.name, value: $0.value.plainText ?? "") }
    }
}

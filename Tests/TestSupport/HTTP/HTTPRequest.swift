import Foundation

/// A request as text, for an `HTTPConnection`.
package struct HTTPRequest: Sendable {
    package var method: String
    package var path: String
    /// `key:secret` of HTTP Basic; nil: none is shown.
    package var key: String?
    package var headers: [String: String] = [:]
    package var body: String?

    package init(_ method: String, _ path: String, key: String? = nil, json: String? = nil, body: String? = nil) {
        self.method = method
        self.path = path
        self.key = key
        self.body = json ?? body
        if json != nil { headers["Content-Type"] = "application/json" }
    }

    /// - Parameter port: For the `Host`, unless `headers` say another.
    package func text(port: Int) -> String {
        var all = ["Host": "127.0.0.1:\(port)"]
        if let key { all["Authorization"] = "Basic \(Data(key.utf8).base64EncodedString())" }
        if let body { all["Content-Length"] = String(body.utf8.count) }
        all.merge(headers) { _, own in own }
        let lines = all.map { "\($0.key): \($0.value)\r\n" }.joined()
        return "\(method) \(path) HTTP/1.1\r\n\(lines)\r\n\(body ?? "")"
    }
}

import Glibc

/// The addresses of a host, asked for anew each time: a database that moves is found at its new place.
package enum HostAddresses {
    /// In the order in which they are to be tried (RFC 6724), at least one, eight at most. Waits for the name server.
    package static func of(_ host: String) throws(ConnectionFault) -> [String] {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, nil, &hints, &list)
        let systemError = errno
        defer { list.map { freeaddrinfo($0) } }
        guard code == 0 else {
            let words = code == EAI_SYSTEM ? strerror(systemError) : UnsafeMutablePointer(mutating: gai_strerror(code))
            throw .lost(words.map { String(cString: $0) } ?? "the name is not known")
        }
        var addresses: [String] = []
        var item = list
        while let current = item, addresses.count < 8 {
            if let text = numericText(current.pointee), !addresses.contains(text) { addresses.append(text) }
            item = current.pointee.ai_next
        }
        guard !addresses.isEmpty else { throw .lost("the name has no address") }
        return addresses
    }

    private static func numericText(_ item: addrinfo) -> String? {
        var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        let code = getnameinfo(item.ai_addr, item.ai_addrlen, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST)
        guard code == 0 else { return nil }
        return text.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } }
    }
}

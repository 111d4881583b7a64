/// `?page=1&limit=100`.
struct Paging: Sendable, Equatable {
    var page = 1
    var limit = 100

    init(_ query: QueryParameters) throws(APIError) {
        page = try query.integer("page", in: 1...1_000_000) ?? page
        limit = try query.integer("limit", in: 1...10_000) ?? limit
    }

    var offset: Int { (page - 1) * limit }

    /// What of a list lies on this page.
    func slice<Element>(of list: [Element]) -> ArraySlice<Element> {
        guard offset < list.count else { return [] }
        return list[offset..<min(offset + limit, list.count)]
    }

    /// - Parameter count: All that match.
    func meta(count: Int) -> JSON {
        [
            "page": .integer(page), "limit": .integer(limit), "count": .integer(count),
            "hasnext": .bool(offset + limit < count),
        ]
    }
}

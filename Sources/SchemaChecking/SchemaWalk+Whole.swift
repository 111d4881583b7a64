import JSONText

extension SchemaWalk {
    /// `enum`, `const` and the combinations of schemas, for a value that the scanner has walked.
    mutating func whole(
        _ rules: WholeRules, _ token: JSONToken, _ bytes: UnsafeRawBufferPointer
    ) throws(JSONSyntaxError) -> Bool {
        if let values = rules.enumeration, !values.contains(token, in: bytes) {
            return fail(.constraint, "not \(values.inWords)")
        }
        if let values = rules.constant, !values.contains(token, in: bytes) {
            return fail(.constraint, "not \(values.inWords)")
        }
        return rules.combines ? try combined(rules, token.range, bytes) : true
    }

    @inline(never)
    private mutating func combined(
        _ rules: WholeRules, _ range: Range<Int>, _ bytes: UnsafeRawBufferPointer
    ) throws(JSONSyntaxError) -> Bool {
        for node in rules.allOf {
            guard try again(node, range, bytes) else { return false }
        }
        if !rules.anyOf.isEmpty {
            var fitting = 0
            for node in rules.anyOf where fitting == 0 { fitting += try fits(node, range, bytes) ? 1 : 0 }
            guard fitting > 0 else { return fail(.constraint, "fits none of the forms that are allowed") }
        }
        if !rules.oneOf.isEmpty {
            var fitting = 0
            for node in rules.oneOf where fitting < 2 { fitting += try fits(node, range, bytes) ? 1 : 0 }
            guard fitting > 0 else { return fail(.constraint, "fits none of the forms that are allowed") }
            guard fitting == 1 else { return fail(.constraint, "fits more than one of the forms that are allowed") }
        }
        if let node = rules.not, try fits(node, range, bytes) {
            return fail(.constraint, "has a form that is not allowed")
        }
        return true
    }
}

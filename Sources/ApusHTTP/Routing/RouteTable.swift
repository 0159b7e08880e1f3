package import ApusCore

/// Finds the operation that a verb and a path ask for; built from the table of operations and nothing else.
package struct RouteTable: Sendable {
    /// What a path leads to.
    package enum Outcome: Sendable {
        case found(AdmittedOperation)
        case notFound
        /// The path exists for other verbs.
        case wrongVerb(allowed: [String])
    }

    private struct Node {
        var literals: [(name: [UInt8], ignoresCase: Bool, child: Int)] = []
        var wildcard: (name: String, child: Int)?
        /// Wildcards with a colon and a word behind them; others don't take a colon where there are such.
        var suffixed: [(name: String, suffix: [UInt8], child: Int)] = []
        var operations: [(verb: HTTPRoute.Verb, operation: Operation, form: WireForm)] = []
    }

    private var nodes = [Node()]

    /// Builds the table for the operations of one port.
    package init(operations: [Operation]) {
        for operation in operations {
            for route in operation.routes { insert(route, operation) }
        }
    }

    /// Looks a path up.
    ///
    /// - Parameters:
    ///   - verb: `nil` for a verb that no route has.
    ///   - path: The path as it came, percent-encoded, without the query.
    /// - Returns: The operation, with the model and the version that the path names, or why there is none.
    package func find(_ verb: HTTPRoute.Verb?, _ path: Span<UInt8>) -> Outcome {
        guard path.count > 0, path[0] == UInt8(ascii: "/") else { return .notFound }
        return find(verb, path, from: 1, at: 0, Segments())
    }

    /// Where the segments lie that wildcards took.
    private struct Segments {
        var model: Range<Int>?
        var version: Range<Int>?
        var label: Range<Int>?
        var subject: Range<Int>?

        /// Notes where a wildcard's segment lies.
        mutating func note(_ name: String, _ range: Range<Int>) {
            switch name {
            case "model": model = range
            case "version", "number": version = range
            case "label": label = range
            default: subject = range
            }
        }
    }

    /// Goes on from a node: a literal first, the wildcard when that leads nowhere, so that a model may have any name.
    private func find(
        _ verb: HTTPRoute.Verb?,
        _ path: Span<UInt8>,
        from start: Int,
        at node: Int,
        _ segments: Segments
    ) -> Outcome {
        guard start <= path.count else { return outcome(verb, path, at: node, segments) }
        var end = start
        while end < path.count, path[end] != UInt8(ascii: "/") { end += 1 }
        var refusal = Outcome.notFound
        if let child = literal(of: node, path, start..<end) {
            let outcome = find(verb, path, from: end + 1, at: child, segments)
            if case .found = outcome { return outcome }
            refusal = outcome
        }
        var segments = segments
        if let (suffixed, name) = suffixed(of: node, path, start..<end) {
            segments.note(suffixed.name, name)
            return find(verb, path, from: end + 1, at: suffixed.child, segments)
        }
        guard let wildcard = nodes[node].wildcard, end > start, takes(path, start..<end, wildcard.name, at: node) else {
            return refusal
        }
        segments.note(wildcard.name, start..<end)
        let outcome = find(verb, path, from: end + 1, at: wildcard.child, segments)
        if case .notFound = outcome { return refusal }
        return outcome
    }

    /// Whether a wildcard may stand for a segment.
    private func takes(_ path: Span<UInt8>, _ range: Range<Int>, _ name: String, at node: Int) -> Bool {
        if name == "number", !isNumber(path, range) { return false }
        guard !nodes[node].suffixed.isEmpty else { return true }
        for index in range where path[index] == UInt8(ascii: ":") { return false }
        return true
    }

    /// The wildcard whose word stands behind a segment's colon, and what stands before it.
    private func suffixed(
        of node: Int,
        _ path: Span<UInt8>,
        _ range: Range<Int>
    ) -> (wildcard: (name: String, suffix: [UInt8], child: Int), name: Range<Int>)? {
        for wildcard in nodes[node].suffixed where wildcard.suffix.count < range.count {
            let colon = range.upperBound - wildcard.suffix.count
            let name = range.lowerBound..<colon
            guard matches(wildcard.suffix, path, colon, ignoresCase: true), takes(path, name, wildcard.name, at: node)
            else { continue }
            return (wildcard, name)
        }
        return nil
    }

    private func outcome(
        _ verb: HTTPRoute.Verb?,
        _ path: Span<UInt8>,
        at node: Int,
        _ segments: Segments
    ) -> Outcome {
        let operations = nodes[node].operations
        guard !operations.isEmpty else { return .notFound }
        guard let found = operations.first(where: { $0.verb == verb }) else {
            return .wrongVerb(allowed: operations.map(\.verb.rawValue))
        }
        return .found(
            AdmittedOperation(
                operation: found.operation,
                model: segments.model.map { PercentDecoding.text(path, $0) },
                version: segments.version.map { PercentDecoding.text(path, $0) },
                label: segments.label.map { PercentDecoding.text(path, $0) },
                form: found.form,
                subject: segments.subject.map { PercentDecoding.text(path, $0) }
            )
        )
    }

    private func literal(of node: Int, _ path: Span<UInt8>, _ range: Range<Int>) -> Int? {
        for literal in nodes[node].literals where literal.name.count == range.count {
            if matches(literal.name, path, range.lowerBound, ignoresCase: literal.ignoresCase) { return literal.child }
        }
        return nil
    }

    /// Whether a name, in lower case where case doesn't matter, stands at a place in the path.
    private func matches(_ name: [UInt8], _ path: Span<UInt8>, _ start: Int, ignoresCase: Bool) -> Bool {
        var index = 0
        while index < name.count {
            let byte = path[start + index]
            let isUpper = (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
            guard name[index] == (ignoresCase && isUpper ? byte | 0x20 : byte) else { return false }
            index += 1
        }
        return true
    }

    private func isNumber(_ path: Span<UInt8>, _ range: Range<Int>) -> Bool {
        for index in range where !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(path[index]) {
            return false
        }
        return true
    }

    private mutating func insert(_ route: HTTPRoute, _ operation: Operation) {
        var node = 0
        // TensorFlow Serving's routes are read without regard to case.
        let ignoresCase = route.pattern.hasPrefix("/v1")
        for segment in route.pattern.dropFirst().split(separator: "/", omittingEmptySubsequences: false) {
            if !segment.hasPrefix("{") {
                node = literalChild(of: node, segment, ignoresCase: ignoresCase)
            } else if segment.hasSuffix("}") {
                node = wildcardChild(of: node, segment)
            } else {
                node = suffixedChild(of: node, segment)
            }
        }
        nodes[node].operations.append((route.verb, operation, route.form))
    }

    private mutating func wildcardChild(of node: Int, _ segment: Substring) -> Int {
        if let wildcard = nodes[node].wildcard { return wildcard.child }
        nodes.append(Node())
        nodes[node].wildcard = (String(segment.dropFirst().dropLast()), nodes.count - 1)
        return nodes.count - 1
    }

    private mutating func suffixedChild(of node: Int, _ segment: Substring) -> Int {
        let parts = segment.dropFirst().split(separator: "}", maxSplits: 1)
        let suffix = Array(parts[1].utf8)
        if let known = nodes[node].suffixed.first(where: { $0.suffix == suffix }) { return known.child }
        nodes.append(Node())
        nodes[node].suffixed.append((String(parts[0]), suffix, nodes.count - 1))
        return nodes.count - 1
    }

    private mutating func literalChild(of node: Int, _ segment: Substring, ignoresCase: Bool) -> Int {
        let name = Array(segment.utf8)
        if let literal = nodes[node].literals.first(where: { $0.name == name }) { return literal.child }
        nodes.append(Node())
        nodes[node].literals.append((name, ignoresCase, nodes.count - 1))
        return nodes.count - 1
    }
}

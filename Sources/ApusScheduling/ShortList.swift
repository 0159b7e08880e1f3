/// A list that mostly has one element, for which it takes no memory of its own.
///
/// What a request notes while an engine thread runs it would otherwise be memory of that thread that an event loop gives
/// back: the allocator's locks are where such threads meet.
struct ShortList<Element> {
    private var first: Element?
    private var others: [Element] = []

    var isEmpty: Bool { first == nil }
    var count: Int { first == nil ? 0 : 1 + others.count }

    init() {}

    init(_ element: Element) {
        first = element
    }

    mutating func append(_ element: Element) {
        if first == nil { first = element } else { others.append(element) }
    }

    /// Takes the first element off that suits; `nil` when there is none.
    mutating func removeFirst(where suits: (Element) -> Bool) -> Element? {
        guard let element = first else { return nil }
        if suits(element) {
            first = others.isEmpty ? nil : others.removeFirst()
            return element
        }
        return others.firstIndex(where: suits).map { others.remove(at: $0) }
    }

    func forEach(_ body: (Element) -> Void) {
        if let first { body(first) }
        for element in others { body(element) }
    }

    func map<Value>(_ transform: (Element) -> Value) -> [Value] {
        var values: [Value] = []
        values.reserveCapacity(count)
        forEach { values.append(transform($0)) }
        return values
    }

    /// The only element; `nil` when there is none or more than one.
    var only: Element? { others.isEmpty ? first : nil }
}

extension ShortList: Sendable where Element: Sendable {}

/// A list that mostly has one element, for which it takes no memory of its own.
///
/// What is noted for a request by the engine thread that runs it would otherwise be memory of that thread which an event
/// loop gives back: the allocator's locks are where such threads meet.
struct ShortList<Element> {
    private var head: Element?
    private var tail: [Element] = []

    /// An empty list.
    init() {}

    mutating func append(_ element: Element) {
        if head == nil { head = element } else { tail.append(element) }
    }

    /// Takes the first element off that suits.
    ///
    /// - Returns: Whether there was one.
    mutating func removeFirstMatch(_ suits: (Element) -> Bool) -> Bool {
        guard let index = firstIndex(where: suits) else { return false }
        if index > 0 {
            tail.remove(at: index - 1)
        } else {
            head = tail.isEmpty ? nil : tail.removeFirst()
        }
        return true
    }
}

extension ShortList: RandomAccessCollection {
    var startIndex: Int { 0 }
    var endIndex: Int { head == nil ? 0 : 1 + tail.count }

    subscript(position: Int) -> Element {
        if position == 0, let head { return head }
        return tail[position - 1]
    }
}

extension ShortList: Sendable where Element: Sendable {}

/// An element of an XML document with its text and its children; attributes and namespaces are passed over.
package struct XMLElement: Sendable, Equatable {
    /// Its name without a prefix.
    package var name: String
    /// All text directly in it.
    package var text: String
    /// The elements in it, in their order.
    package var children: [XMLElement]

    /// Makes an element.
    package init(name: String, text: String = "", children: [XMLElement] = []) {
        self.name = name
        self.text = text
        self.children = children
    }

    /// The first child of that name.
    package subscript(name: String) -> XMLElement? {
        children.first { $0.name == name }
    }

    /// All children of that name.
    package func all(_ name: String) -> [XMLElement] {
        children.filter { $0.name == name }
    }
}

/// Why a document isn't read: which rule, and at which byte.
package struct XMLFault: Error, Hashable, Sendable, CustomStringConvertible {
    /// The rule.
    package let reason: String
    /// How far the reader had come.
    package let offset: Int

    package var description: String { "\(reason) at byte \(offset)" }
}

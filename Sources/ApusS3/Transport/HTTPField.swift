/// One field of a head.
package struct HTTPField: Hashable, Sendable {
    /// Its name, in any case.
    package let name: String
    /// Its value.
    package let value: String

    /// Makes a field.
    package init(name: String, value: String) {
        self.name = name
        self.value = value
    }
}

/// One name and value of a query, not encoded.
package struct QueryItem: Hashable, Sendable {
    /// Its name.
    package let name: String
    /// Its value.
    package let value: String

    /// Makes an item.
    package init(_ name: String, _ value: String = "") {
        self.name = name
        self.value = value
    }
}

/// What tells one state of an object from another: an HTTP entity tag without its quotes, or a store's own words.
///
/// Opaque: a tag of S3 is no digest of the content when the object came in parts.
package struct EntityTag: Hashable, Sendable, CustomStringConvertible {
    /// The tag, without quotes.
    package let description: String

    /// Takes a tag without quotes.
    package init(_ text: String) {
        self.description = text
    }
}

/// An object as a store lists it.
package struct StoredObject: Hashable, Sendable {
    /// Its name.
    package let key: ObjectKey
    /// Its size in bytes.
    package let byteCount: Int
    /// Which state of it this is.
    package let tag: EntityTag
    /// When it was written, in seconds since 1970 by the store's clock; `nil` where the store doesn't say.
    package let modified: Int64?

    /// Describes an object.
    package init(key: ObjectKey, byteCount: Int, tag: EntityTag, modified: Int64? = nil) {
        self.key = key
        self.byteCount = byteCount
        self.tag = tag
        self.modified = modified
    }
}

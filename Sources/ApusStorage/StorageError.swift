/// Why something with a store, a file or a manifest didn't work.
package struct StorageError: Error, Sendable, CustomStringConvertible {
    /// The kinds of failure.
    package struct Code: Hashable, Sendable {
        /// Safe for metrics: a closed set.
        package let label: String

        /// There is no such object, version, label, bucket.
        package static let notFound = Code(label: "not_found")
        /// A write's condition didn't hold: somebody else was first.
        package static let conditionFailed = Code(label: "condition_failed")
        /// The object is in another state than the one that was asked for.
        package static let changed = Code(label: "changed")
        /// The store can't do that.
        package static let unsupported = Code(label: "unsupported")
        /// Who asks is unknown or may not do that.
        package static let denied = Code(label: "denied")
        /// The store doesn't answer, or not in time; may go well later.
        package static let unreachable = Code(label: "unreachable")
        /// More than the limit that was given.
        package static let tooLarge = Code(label: "too_large")
        /// The bytes aren't what their size, digest or form says.
        package static let damaged = Code(label: "damaged")
        /// The signature is missing, wrong, or of a key that isn't trusted.
        package static let untrusted = Code(label: "untrusted")
        /// The key that something is encrypted with isn't there or isn't the right one.
        package static let undecryptable = Code(label: "undecryptable")
        /// A name, an address or an argument can't be right.
        package static let invalid = Code(label: "invalid")
        /// Something is in use and can't be removed.
        package static let inUse = Code(label: "in_use")
        /// The disk is full, a permission is missing, the system refuses.
        package static let system = Code(label: "system")
    }

    /// The kind.
    package let code: Code
    /// What was expected, what came, where, what to do.
    package let message: String
    /// The failure underneath.
    package let cause: (any Error)?

    /// Describes a failure.
    package init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    package var description: String { message }

    /// Whether the same might go well later without anybody doing something about it.
    package var isTransient: Bool { code == .unreachable || code == .changed }
}

internal import Glibc

/// An open file, closed when the last owner lets it go.
///
/// Handed on instead of a path, so that what was checked is what is read, whatever has been put in its place since.
package final class OpenFile: Sendable {
    /// The system's number for it.
    package let descriptor: Int32

    /// Takes over an open descriptor.
    package init(owning descriptor: Int32) {
        self.descriptor = descriptor
    }

    deinit {
        _ = close(descriptor)
    }
}

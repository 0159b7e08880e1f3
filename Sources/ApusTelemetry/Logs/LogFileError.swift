internal import Glibc

/// Why the log file could not be opened.
package struct LogFileError: Error, Sendable, CustomStringConvertible {
    /// The kinds of failure.
    package struct Code: Hashable, Sendable {
        /// A closed set.
        package let label: String

        package static let notFound = Code(label: "not_found")
        package static let permissionDenied = Code(label: "permission_denied")
        package static let notAFile = Code(label: "not_a_file")
        package static let noReader = Code(label: "no_reader")
        package static let other = Code(label: "other")
    }

    /// The kind.
    package let code: Code
    /// What went wrong and what to do about it.
    package let message: String
    /// The file asked for.
    package let path: String
    /// The system's number for it.
    package let systemError: Int32

    /// Translates the error number of open(2).
    init(path: String, systemError: Int32) {
        self.path = path
        self.systemError = systemError
        (self.code, self.message) =
            switch systemError {
            case ENOENT, ENOTDIR: (.notFound, "its folder doesn't exist; make it, the server won't")
            case EACCES, EPERM, EROFS: (.permissionDenied, "the server's user may not write there")
            case EISDIR: (.notAFile, "it is a folder; name a file in it")
            case ENXIO: (.noReader, "it is a pipe that nobody reads, or a socket; start the reader first")
            default: (.other, "the system refused with error number \(systemError)")
            }
    }

    package var description: String { "Log file \"\(path)\" could not be opened: \(message)." }
}

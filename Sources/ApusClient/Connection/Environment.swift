internal import Glibc

/// The process's environment variables.
package enum Environment {
    /// The value of a variable; `nil` when it is unset or empty.
    package static func value(of name: String) -> String? {
        // The commands read it before they start a thread, and nothing here ever sets a variable.
        guard let value = unsafe getenv(name) else { return nil }
        let text = unsafe String(cString: value)
        return text.isEmpty ? nil : text
    }
}

/// A failure that a command ends with: one sentence, no type names.
struct CommandFailure: Error, CustomStringConvertible {
    let description: String

    init(_ message: String) {
        self.description = message
    }

    init(_ error: any Error) {
        self.description = "\(error)"
    }
}

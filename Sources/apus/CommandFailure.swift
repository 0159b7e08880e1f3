/// A failure that a command ends with: one sentence, no type names.
struct CommandFailure: Error, CustomStringConvertible {
    let description: String

    init(_ error: any Error) {
        self.description = "\(error)"
    }
}

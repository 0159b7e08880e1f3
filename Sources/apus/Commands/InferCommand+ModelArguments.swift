internal import ApusCore
internal import ArgumentParser

/// A model, and which of its versions, as arguments of a command.
struct ModelArguments: ParsableArguments {
    @Argument(help: "The model's name, as `apus models` lists it.")
    var model: String

    @Option(help: ArgumentHelp("The version; the server chooses when it is left out.", valueName: "n"))
    var modelVersion: String?

    func validate() throws {
        _ = try (name, version)
    }

    /// The name, checked.
    var name: ModelName {
        get throws {
            guard let name = ModelName(model) else {
                throw ValidationError("'\(model)' is no model name; names have letters, digits, '.', '_' and '-' only")
            }
            return name
        }
    }

    /// The version, checked.
    var version: ModelVersion? {
        get throws {
            guard let text = modelVersion else { return nil }
            guard let version = ModelVersion(parsing: text) else {
                throw ValidationError("--model-version '\(text)' is no version; versions are 1, 2, 3, …")
            }
            return version
        }
    }
}

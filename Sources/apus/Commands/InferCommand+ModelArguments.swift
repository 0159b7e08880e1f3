internal import ApusCore
internal import ArgumentParser

/// A model, and which of its versions, as arguments of a command.
struct ModelArguments: ParsableArguments {
    @Argument(help: "The model's name, as `apus models` lists it.")
    var model: String

    @Option(
        help: ArgumentHelp("The version, or a label; the server chooses when it is left out.", valueName: "n|label")
    )
    var modelVersion: String?

    func validate() throws {
        _ = try selector
    }

    /// Model and version, checked.
    var selector: ModelSelector {
        get throws {
            guard let name = ModelName(model) else {
                throw ValidationError("'\(model)' is no model name; names have letters, digits, '.', '_' and '-' only")
            }
            guard let text = modelVersion else { return ModelSelector(name: name) }
            guard let version = ModelSelector.Version(parsing: text) else {
                throw ValidationError("--model-version '\(text)' is neither a version (1, 2, 3, …) nor a label")
            }
            return ModelSelector(name: name, version: version)
        }
    }
}

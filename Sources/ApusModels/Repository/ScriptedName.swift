internal import ApusCore

/// Names that training scripts give to versions: `model_v3.onnx`, `model_v3`.
enum ScriptedName {
    /// The version that a name stands for, and what comes behind it: `.onnx`, or nothing.
    ///
    /// - Returns: `nil` for any other name.
    static func version(of name: String, model: ModelName) -> (ModelVersion, suffix: String)? {
        for stem in ["model_v", "\(model)_v"] where name.hasPrefix(stem) {
            let rest = name.dropFirst(stem.count)
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            let suffix = rest.dropFirst(digits.count)
            guard suffix.isEmpty || suffix.hasPrefix("."), let version = ModelVersion(parsing: digits) else { continue }
            return (version, String(suffix))
        }
        return nil
    }
}

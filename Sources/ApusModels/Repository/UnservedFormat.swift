/// A model format that people bring along and that isn't served, with the way out.
struct UnservedFormat: Sendable {
    /// What people call it, with its article.
    let title: String
    /// How to get something that is served out of it.
    let advice: String
    /// The same as two lines of Python to type; empty where two don't do.
    let lines: String
    private let filenames: [String]
    private let suffixes: [String]

    /// Describes a format.
    ///
    /// - Parameters:
    ///   - title: What people call it, with its article.
    ///   - filenames: Names that mean this format.
    ///   - suffixes: Ends of names that mean this format.
    ///   - advice: How to get something that is served out of it.
    ///   - lines: The same as two lines of Python.
    private init(
        _ title: String,
        filenames: [String] = [],
        suffixes: [String] = [],
        advice: String,
        lines: (String, String)? = nil
    ) {
        self.title = title
        self.advice = advice
        self.lines = lines.map { "\($0.0)\n\($0.1)" } ?? ""
        self.filenames = filenames
        self.suffixes = suffixes
    }

    /// The first entry that is in a known format.
    static func recognized(in entries: [StorageEntry]) -> (entry: StorageEntry, format: UnservedFormat)? {
        for format in all {
            for entry in entries where format.filenames.contains(entry.name) { return (entry, format) }
        }
        for format in all {
            for entry in entries where format.suffixes.contains(where: entry.name.hasSuffix) { return (entry, format) }
        }
        return nil
    }

    /// Every format known; an entry is judged by its full name before its suffix.
    private static let all = [
        UnservedFormat(
            "a PyTorch model",
            filenames: ["model.pt", "model.pt2"],
            suffixes: [".pt", ".pt2", ".pth", ".safetensors"],
            advice: "export it to ONNX with torch.onnx.export",
            lines: (
                "model = torch.load('model.pt', weights_only=False).eval()  # torch.jit.load for TorchScript",
                "torch.onnx.export(model, (example_input,), 'model.onnx', dynamic_axes={'x': {0: 'batch'}}, input_names=['x'])"
            )
        ),
        UnservedFormat(
            "a TensorRT plan",
            filenames: ["model.plan"],
            suffixes: [".plan", ".engine"],
            advice: "a plan can't be converted back: export the model that it was built from to ONNX"
        ),
        UnservedFormat(
            "a TensorFlow SavedModel",
            filenames: ["model.savedmodel", "saved_model.pb"],
            suffixes: [".savedmodel"],
            advice: "convert it to ONNX with 'python -m tf2onnx.convert --saved-model'"
        ),
        UnservedFormat(
            "a TensorFlow graph",
            filenames: ["model.graphdef"],
            suffixes: [".graphdef", ".pb"],
            advice: "convert it to ONNX with 'python -m tf2onnx.convert --graphdef'"
        ),
        UnservedFormat(
            "a Python model",
            filenames: ["model.py"],
            advice: "no Python runs in this server: export the network inside it to ONNX"
        ),
        UnservedFormat(
            "an OpenVINO model",
            filenames: ["model.xml"],
            suffixes: [".xml"],
            advice: "use the ONNX file that it was converted from"
        ),
        UnservedFormat(
            "a pickled Python object",
            suffixes: [".pkl", ".pickle", ".joblib"],
            advice: "convert it to ONNX, a scikit-learn model with skl2onnx",
            lines: (
                "model = joblib.load('model.pkl')  # in an environment that you trust the file in",
                "open('model.onnx', 'wb').write(skl2onnx.to_onnx(model, X[:1].astype('float32')).SerializeToString())"
            )
        ),
        UnservedFormat(
            "a Keras model",
            suffixes: [".h5", ".keras"],
            advice: "convert it to ONNX with tf2onnx",
            lines: (
                "model = keras.models.load_model('model.h5')",
                "model.export('model.onnx', format='onnx')  # Keras 3; before: tf2onnx.convert.from_keras(model)"
            )
        ),
        UnservedFormat(
            "a TensorFlow Lite model",
            suffixes: [".tflite"],
            advice: "convert it to ONNX with 'python -m tf2onnx.convert --tflite'"
        ),
    ]
}

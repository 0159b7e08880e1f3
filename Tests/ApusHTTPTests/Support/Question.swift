/// One inference request and its answer.
enum Question {
    /// Where it goes.
    static let path = "/v2/models/m/infer"
    /// Two numbers as JSON.
    static let json = #"{"inputs":[{"name":"IN","shape":[2],"datatype":"FP32","data":[1.5,-2.5]}]}"#
    /// What the model answers.
    static let answer =
        #"{"model_name":"m","model_version":"3","outputs":[{"name":"IN","datatype":"FP32","shape":[2],"data":[1.5,-2.5]}]}"#
    /// The two numbers as bytes.
    static let binary: [UInt8] = [0, 0, 0xc0, 0x3f, 0, 0, 0x20, 0xc0]
    /// The JSON part of the same question with its numbers as bytes, without its last brace.
    static let binaryJSON =
        #"{"inputs":[{"name":"IN","shape":[2],"datatype":"FP32","parameters":{"binary_data_size":8}}]"#
}

import ApusProtocol

/// One input of the fuzzer: a model configuration in text format.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzPbtxt(_ data: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    let text = Array(UnsafeBufferPointer(start: data, count: count))
    if let configuration = try? ModelConfiguration.parse(text: text) {
        _ = configuration.validate()
        _ = configuration.jsonBytes()
    }
    return 0
}

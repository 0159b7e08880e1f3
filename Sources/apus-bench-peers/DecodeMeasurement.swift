internal import ApusCore
internal import ApusProtocol
internal import Glibc

/// Measures how fast a v2 request whose tensor is spelled as JSON numbers is decoded, on one thread and without HTTP.
struct DecodeMeasurement {
    /// Decodes the same body again and again.
    ///
    /// - Parameters:
    ///   - floats: The number of FP32 values in the body, spelled as an image library's normalised pixels are.
    ///   - seconds: How long to go on.
    /// - Returns: A JSON object: values, the body's bytes, decodes, and medians of one decode: milliseconds by the wall
    ///   clock, milliseconds of the thread's own processor time, and MB/s by the latter, since a busy machine falsifies
    ///   the former.
    static func run(floats: Int, seconds: Double) -> String {
        let body = requestBody(floats: floats)
        let time = SystemTime()
        guard let decoder = V2RequestDecoder(limits: InputLimits()) else { return #"{"error":"no memory"}"# }
        let end = time.now.advanced(byNanoseconds: Int64(seconds * 1e9))
        var elapsed: [UInt64] = []
        var used: [UInt64] = []
        repeat {
            let start = (wall: time.now, processor: processorTime)
            guard decode(body, with: decoder) == floats else { return #"{"error":"decoding failed"}"# }
            used.append(processorTime.nanoseconds(since: start.processor))
            elapsed.append(time.now.nanoseconds(since: start.wall))
        } while time.now < end
        let byteCount = body.count - JSONReader.padding
        return """
            {"floats":\(floats),"bytes":\(byteCount),"decodes":\(used.count),\
            "milliseconds":\(median(elapsed) / 1e6),"processor_milliseconds":\(median(used) / 1e6),\
            "megabytes_per_second":\(Double(byteCount) * 1e3 / median(used))}
            """
    }

    /// The time for which the calling thread has run.
    private static var processorTime: MonotonicTime {
        var time = timespec()
        unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return MonotonicTime(nanoseconds: Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec))
    }

    private static func median(_ samples: [UInt64]) -> Double {
        Double(samples.sorted()[samples.count / 2])
    }

    /// The body and the padding that the decoder wants behind it.
    private static func requestBody(floats: Int) -> [UInt8] {
        var values = PixelValues()
        var text = #"{"inputs":[{"name":"image","shape":[1,\#(floats)],"datatype":"FP32","data":["#
        for index in 0..<floats {
            if index > 0 { text += "," }
            text += values.next().description
        }
        text += "]}]}"
        return Array(text.utf8) + [UInt8](repeating: 0x20, count: JSONReader.padding)
    }

    /// The number of elements that were decoded; `nil` when the body was refused.
    private static func decode(_ body: [UInt8], with decoder: V2RequestDecoder) -> Int? {
        unsafe body.withUnsafeBytes { bytes in
            let json = unsafe UnsafeRawBufferPointer(rebasing: bytes[..<(bytes.count - JSONReader.padding)])
            var memory = RequestMemory(allocator: HeapTensorAllocator(), budget: nil)
            let request = try? unsafe decoder.decode(
                json: json,
                binary: NoBinaryBody(),
                model: model,
                memory: &memory
            )
            return request?.inputs.first?.tensor.shape.elementCount
        }
    }

    private static let model = ModelDescription(
        id: ModelID(name: ModelName("image")!, version: .first),
        platform: "none",
        inputs: [TensorSpecification(name: "image", dataType: .fp32, shape: [-1, -1])],
        outputs: []
    )
}

/// Pixels of 0 to 255 normalised with the means and deviations of ImageNet, the same at every run.
private struct PixelValues {
    private static let means: [Float] = [0.485, 0.456, 0.406]
    private static let deviations: [Float] = [0.229, 0.224, 0.225]
    private var state: UInt64 = 1
    private var channel = 0

    mutating func next() -> Float {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        let pixel = Float(state >> 56)
        channel = (channel + 1) % 3
        return (pixel / 255 - PixelValues.means[channel]) / PixelValues.deviations[channel]
    }
}

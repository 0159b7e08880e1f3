import ApusProtos
import FoundationEssentials
import SwiftProtobuf

typealias V2 = Inference_GRPCInferenceService.Method

extension Inference_ModelInferRequest {
    /// A request with one raw FP32 input.
    static func asking(_ model: String, id: String = "", _ numbers: [Float] = [1.5, 2.5]) -> Self {
        .with { request in
            request.modelName = model
            request.id = id
            request.inputs = [
                .with {
                    $0.name = "IN"
                    $0.datatype = "FP32"
                    $0.shape = [Int64(numbers.count)]
                }
            ]
            request.rawInputContents = [Data(rawBytes(of: numbers))]
        }
    }
}

/// Floats as they lie in memory.
func rawBytes(of numbers: [Float]) -> [UInt8] {
    numbers.flatMap { number in
        (0..<4).map { UInt8(truncatingIfNeeded: number.bitPattern >> UInt32(8 * $0)) }
    }
}

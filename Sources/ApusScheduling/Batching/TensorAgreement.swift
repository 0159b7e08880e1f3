internal import ApusCore

/// Whether two computations of the same tensor agree: exactly for integers, truth values and strings, within the
/// precision of their type for floating-point numbers.
///
/// Kernels sum in another order when there are more rows, so the last bits differ. A difference is measured against
/// the larger of the two numbers and of the tensor's largest: where a sum of large terms comes out near zero, its own
/// size says nothing about the error that it carries.
enum TensorAgreement {
    /// Compares two tensors of the same model output.
    static func agree(_ left: Tensor, _ right: Tensor) -> Bool {
        guard left.dataType == right.dataType, left.shape == right.shape else { return false }
        guard let tolerance = tolerance(of: left.dataType) else {
            return unsafe left.storage.withUnsafeBytes { first in
                unsafe right.storage.withUnsafeBytes { second in unsafe first.elementsEqual(second) }
            }
        }
        let first = numbers(left)
        let second = numbers(right)
        let largest = first.lazy.filter(\.isFinite).map(\.magnitude).max() ?? 0
        return zip(first, second).allSatisfy { one, other in
            guard one.isFinite, other.isFinite else { return one == other || one.isNaN && other.isNaN }
            return (one - other).magnitude <= tolerance * max(largest, one.magnitude, other.magnitude)
        }
    }

    /// The difference allowed, in parts of the number; `nil` for types that must agree exactly.
    private static func tolerance(of type: DataType) -> Double? {
        switch type {
        case .fp64, .fp32: 1e-5
        case .fp16, .bf16: 1e-2
        default: nil
        }
    }

    private static func numbers(_ tensor: Tensor) -> [Double] {
        unsafe tensor.storage.withUnsafeBytes { bytes in
            (0..<tensor.shape.elementCount).map { index in
                switch tensor.dataType {
                case .fp64: unsafe bytes.loadUnaligned(fromByteOffset: index * 8, as: Double.self)
                case .fp32: unsafe Double(bytes.loadUnaligned(fromByteOffset: index * 4, as: Float.self))
                case .fp16: unsafe half(bytes.loadUnaligned(fromByteOffset: index * 2, as: UInt16.self))
                default:
                    unsafe Double(
                        Float(bitPattern: UInt32(bytes.loadUnaligned(fromByteOffset: index * 2, as: UInt16.self)) << 16)
                    )
                }
            }
        }
    }

    /// IEEE 754 binary16 (Swift has `Float16` on some platforms only).
    private static func half(_ bits: UInt16) -> Double {
        let exponent = Int(bits >> 10 & 0x1f)
        let fraction = Double(bits & 0x3ff)
        let sign: Double = bits >> 15 == 0 ? 1 : -1
        switch exponent {
        case 0: return sign * fraction * 0x1p-24
        case 31: return fraction == 0 ? sign * .infinity : .nan
        default: return sign * (1 + fraction / 1024) * Double(sign: .plus, exponent: exponent - 15, significand: 1)
        }
    }
}

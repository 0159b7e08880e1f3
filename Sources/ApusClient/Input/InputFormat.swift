/// How a file of input data is written.
package enum InputFormat: String, Sendable, CaseIterable {
    /// A v2 request, or plain data.
    case json
    /// Comma-separated values, a row for each index of the first dimension.
    case csv
    /// NumPy's array file.
    case npy
    /// Found out from the first bytes.
    case auto

    /// The format that data seems to be in: NPY by its magic bytes, JSON by its first bracket, else CSV.
    package static func detected(in bytes: [UInt8]) -> InputFormat {
        if bytes.starts(with: NPYHeader.magic) { return .npy }
        let isBlank: (UInt8) -> Bool = { $0 == 0x20 || $0 == 0x0A || $0 == 0x0D || $0 == 0x09 }
        switch bytes.first(where: { !isBlank($0) }) {
        case UInt8(ascii: "{"), UInt8(ascii: "["): return .json
        default: return .csv
        }
    }
}

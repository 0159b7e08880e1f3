import ApusCore
import Foundation
import Testing

/// One line of `expected.json` or `failing.json`.
struct ExpectedCase: Decodable, Sendable, CustomTestStringConvertible {
    /// A tensor as the v2 protocol writes it.
    struct Value: Decodable, Sendable {
        let name: String
        let datatype: String
        let shape: [Int]
        let data: [Scalar]
        let rawBase64: String?

        /// The names in the file.
        enum CodingKeys: String, CodingKey {
            case name
            case datatype
            case shape
            case data
            case rawBase64 = "raw_base64"
        }

        /// The bytes of the tensor.
        func tensor() throws -> Tensor {
            let type = try #require(DataType(rawValue: datatype))
            var bytes: [UInt8] = []
            if let rawBase64 {
                bytes = [UInt8](try #require(Data(base64Encoded: rawBase64)))
            } else {
                for element in data { element.append(to: &bytes, as: type) }
            }
            return Tensor(
                dataType: type,
                shape: try #require(TensorShape(shape)),
                storage: try #require(TensorStorage(copying: bytes))
            )
        }
    }

    let model: String
    let inputs: [Value]
    let outputs: [Value]?

    var testDescription: String { "\(model) \(inputs.map(\.shape))" }

    /// Reads a list of cases.
    static func list(_ name: String) -> [ExpectedCase] {
        let url = URL(filePath: "\(Fixture.testsFolder)/Fixtures/\(name).json")
        return (try? JSONDecoder().decode([ExpectedCase].self, from: Data(contentsOf: url))) ?? []
    }
}

import ApusCore
import ApusProtocol

/// The rules of CONTRACTS §3.3 and §0 over a tree of values: what a request says, or that it must be refused.
///
/// It knows nothing of the order in which a decoder looks at things, so it can't say which of two faults is named.
struct V2Oracle {
    struct Refused: Error {}

    /// What was understood of one input.
    struct Input: Equatable {
        let name: [UInt8]
        let dataType: DataType
        let dimensions: [Int]
        let bytes: [UInt8]
    }

    /// What was understood of a request.
    struct Request: Equatable {
        var id: [UInt8] = []
        var inputs: [Input] = []
        var outputs: [[UInt8]] = []
    }

    /// Judges a request whose body is JSON to its end; `nil` when it must be refused.
    static func request(_ json: [UInt8]) -> Request? {
        guard let document = StrictJSON.parse(json) else { return nil }
        return try? request(document)
    }

    private static func request(_ document: StrictJSON) throws -> Request {
        var request = Request()
        let members = try members(of: document, unique: ["inputs", "outputs", "id", "parameters"])
        for (key, value) in members {
            switch String(decoding: key, as: UTF8.self) {
            case "id": request.id = try string(value)
            case "parameters": try parameters(value)
            case "inputs": request.inputs = try elements(of: value).map(input)
            case "outputs": request.outputs = try elements(of: value).map(output)
            default: try plain(value)
            }
        }
        return request
    }

    private static func parameters(_ value: StrictJSON) throws {
        for (key, value) in try members(of: value, unique: []) {
            switch (String(decoding: key, as: UTF8.self), value) {
            case ("binary_data_output", .bool): break
            case ("priority", .number(let text)), ("timeout", .number(let text)):
                guard text.first != "-", UInt64(text) != nil else { throw Refused() }
            case ("binary_data_output", _), ("priority", _), ("timeout", _): throw Refused()
            case (let name, _) where name.utf8.starts(with: "triton_".utf8): throw Refused()
            case (_, .string), (_, .bool): break
            case (_, .number): try plain(value)
            default: throw Refused()
            }
        }
    }

    private static func output(_ value: StrictJSON) throws -> [UInt8] {
        var name: [UInt8]?
        for (key, value) in try members(of: value, unique: ["name", "parameters"]) {
            switch String(decoding: key, as: UTF8.self) {
            case "name": name = try string(value)
            case "parameters":
                for (key, value) in try members(of: value, unique: []) {
                    switch String(decoding: key, as: UTF8.self) {
                    case "binary_data": guard case .bool = value else { throw Refused() }
                    case "classification", "shared_memory_offset", "shared_memory_byte_size": try unsigned(value)
                    case "shared_memory_region": throw Refused()
                    default: try plain(value)
                    }
                }
            default: try plain(value)
            }
        }
        guard let name else { throw Refused() }
        return name
    }

    private static func input(_ value: StrictJSON) throws -> Input {
        var name: [UInt8]?
        var dataType: DataType?
        var shape: TensorShape?
        var data: StrictJSON?
        for (key, value) in try members(of: value, unique: ["name", "shape", "datatype", "data", "parameters"]) {
            switch String(decoding: key, as: UTF8.self) {
            case "name": name = try string(value)
            case "datatype": dataType = DataType(rawValue: String(decoding: try string(value), as: UTF8.self))
            case "shape": shape = try self.shape(value)
            case "data": data = value
            case "parameters":
                for (key, value) in try members(of: value, unique: []) {
                    let isSource = ["binary_data_size", "shared_memory_region"]
                        .contains(String(decoding: key, as: UTF8.self))
                    guard !isSource else { throw Refused() }
                    let isPlace = ["shared_memory_offset", "shared_memory_byte_size"]
                        .contains(String(decoding: key, as: UTF8.self))
                    try isPlace ? unsigned(value) : plain(value)
                }
            default: try plain(value)
            }
        }
        guard let name, let dataType, let shape, let data else { throw Refused() }
        guard case .array = data else { throw Refused() }
        let elements = try leaves(of: data).map { try V2OracleElement.bytes(of: $0, as: dataType) }
        guard elements.count == shape.elementCount else { throw Refused() }
        return Input(name: name, dataType: dataType, dimensions: shape.dimensions, bytes: elements.flatMap(\.self))
    }

    private static func unsigned(_ value: StrictJSON) throws {
        guard case .number(let text) = value, UInt64(text) != nil, !text.hasPrefix("-") else { throw Refused() }
    }

    private static func shape(_ value: StrictJSON) throws -> TensorShape {
        let dimensions = try elements(of: value).map { element -> Int in
            guard case .number(let text) = element, let size = Int(text) else { throw Refused() }
            return size
        }
        guard let shape = TensorShape(dimensions), shape.elementCount <= InputLimits().maxElements else {
            throw Refused()
        }
        return shape
    }

    /// The values of an array nested in any way.
    private static func leaves(of value: StrictJSON) -> [StrictJSON] {
        guard case .array(let elements) = value else { return [value] }
        return elements.flatMap(leaves)
    }

    private static func members(
        of value: StrictJSON,
        unique: Set<String>
    ) throws -> [(key: [UInt8], value: StrictJSON)] {
        guard case .object(let members) = value else { throw Refused() }
        let known = members.map { String(decoding: $0.key, as: UTF8.self) }.filter(unique.contains)
        guard Set(known).count == known.count else { throw Refused() }
        return members
    }

    private static func elements(of value: StrictJSON) throws -> [StrictJSON] {
        guard case .array(let elements) = value else { throw Refused() }
        return elements
    }

    private static func string(_ value: StrictJSON) throws -> [UInt8] {
        guard case .string(let text) = value else { throw Refused() }
        return text
    }

    /// A value that nobody looks at: plain JSON, with numbers that a double can hold.
    private static func plain(_ value: StrictJSON) throws {
        switch value {
        case .object(let members): for member in members { try plain(member.value) }
        case .array(let elements): for element in elements { try plain(element) }
        case .number(let text): guard let number = Double(text), number.isFinite else { throw Refused() }
        case .word: throw Refused()
        case .string, .bool, .null: break
        }
    }
}

internal import ApusCore
internal import Glibc

/// One input as far as it has been read.
struct V2InputDraft {
    /// Where its data comes from.
    enum Source: Equatable {
        case missing
        case json
        /// JSON that came before shape and datatype and is read in a second pass.
        case deferred
        case binary(byteCount: Int)
        case sharedMemory
    }

    var name: String?
    var dataType: DataType?
    var shape: TensorShape?
    var source = Source.missing
    var tensor: Tensor?
    /// More than one of `data`, `binary_data_size` and `shared_memory_region` was given.
    var hasTwoSources = false

    /// Notes a source of data.
    mutating func add(_ source: Source) {
        if self.source != .missing { hasTwoSources = true }
        self.source = source
    }
}

extension V2RequestDecoder {
    func decodeInput(index: Int, context: Context) throws -> V2InputDraft {
        try field("inputs[\(index)]", expected: "an object") { try $0.enterObject() }
        var draft = V2InputDraft()
        var seen = SeenMembers()
        while try reader.nextMember() {
            if reader.isKey("name") {
                try seen.note(1, "inputs[\(index)].name")
                draft.name = try inputName(index: index, context: context)
            } else if reader.isKey("shape") {
                try seen.note(2, "inputs[\(index)].shape")
                draft.shape = try inputShape(index: index)
            } else if reader.isKey("datatype") {
                try seen.note(4, "inputs[\(index)].datatype")
                draft.dataType = try inputDataType(index: index, context: context)
            } else if reader.isKey("data") {
                try seen.note(8, "inputs[\(index)].data")
                if draft.shape != nil, draft.dataType != nil {
                    try decodeData(into: &draft, index: index, context: context)
                } else {
                    draft.add(.deferred)
                    try skipData(index: index)
                }
            } else if reader.isKey("parameters") {
                try seen.note(16, "inputs[\(index)].parameters")
                try decodeInputParameters(into: &draft, index: index)
            } else {
                try reader.skip()
            }
        }
        return draft
    }

    /// The input's name; the model's own string where it matches, so that none is made.
    private func inputName(index: Int, context: Context) throws(V2DecodingFault) -> String {
        try field("inputs[\(index)].name", expected: "a string") { reader in
            try unsafe reader.withString { bytes in
                for input in context.model.inputs.indices
                where unsafe context.model.inputs[input].name.isSpelled(bytes) {
                    return context.model.inputs[input].name
                }
                return unsafe String(decoding: bytes, as: UTF8.self)
            }
        }
    }

    private func inputShape(index: Int) throws -> TensorShape {
        try field("inputs[\(index)].shape", expected: "an array of integers, 0 or more each") { try $0.enterArray() }
        var dimensions: [Int] = []
        while try reader.nextElement() {
            let size = try field(
                "inputs[\(index)].shape[\(dimensions.count)]",
                expected: "an integer between 0 and 9223372036854775807"
            ) { reader in
                try reader.readInt64()
            }
            guard size >= 0, dimensions.count < TensorShape.maxRank else {
                throw V2DecodingFault.shape(index: index, dimensions: dimensions + [Int(size)])
            }
            dimensions.append(Int(size))
        }
        guard let shape = TensorShape(dimensions), shape.elementCount <= limits.maxElements else {
            throw V2DecodingFault.shape(index: index, dimensions: dimensions)
        }
        return shape
    }

    private func inputDataType(index: Int, context: Context) throws(V2DecodingFault) -> DataType {
        var known: DataType?
        let name = try field("inputs[\(index)].datatype", expected: "a string") { reader in
            try unsafe reader.withString { bytes in
                // Nearly always one of the model's own, which needs no string and no search among all.
                for input in context.model.inputs.indices
                where unsafe context.model.inputs[input].dataType.rawValue.isSpelled(bytes) {
                    known = context.model.inputs[input].dataType
                    return ""
                }
                return unsafe String(decoding: bytes, as: UTF8.self)
            }
        }
        if let known { return known }
        guard let dataType = DataType(rawValue: name) else {
            throw .dataType(index: index, got: name)
        }
        return dataType
    }

    private func decodeInputParameters(into draft: inout V2InputDraft, index: Int) throws {
        try field("inputs[\(index)].parameters", expected: "an object") { try $0.enterObject() }
        while try reader.nextMember() {
            if reader.isKey("binary_data_size") {
                let size = try field(
                    "inputs[\(index)].parameters.binary_data_size",
                    expected: "the number of bytes, an integer"
                ) { reader in
                    try reader.readUInt64()
                }
                guard let byteCount = Int(exactly: size) else {
                    throw V2DecodingFault.limit(
                        field: "inputs[\(index)].parameters.binary_data_size",
                        expected: "no more than the body has"
                    )
                }
                draft.add(.binary(byteCount: byteCount))
            } else if reader.isKey("shared_memory_region") {
                try reader.skip()
                draft.add(.sharedMemory)
            } else {
                try reader.skip()
            }
        }
    }

    /// Passes over data that can't be placed yet; bare NaN and Infinity must pass too.
    private func skipData(index: Int) throws(V2DecodingFault) {
        do {
            try reader.skipValues()
        } catch {
            throw .json(error, field: "inputs[\(index)].data", expected: "an array")
        }
    }

    func decodeData(into draft: inout V2InputDraft, index: Int, context: Context) throws {
        guard let shape = draft.shape, let dataType = draft.dataType else {
            // Without them there is nothing to read into; `resolve` names what is missing.
            try skipData(index: index)
            return
        }
        // An element takes at least two bytes of JSON ("1,"), so a shape can't make the server take memory that the
        // request didn't pay for with its own length.
        guard shape.elementCount <= context.jsonByteCount else {
            throw V2DecodingFault.count(index: index, name: draft.name, shape: shape, got: nil)
        }
        let count: Int
        let storage: TensorStorage
        do {
            if dataType == .bytes {
                (storage, count) = try reader.readStrings(atMost: shape.elementCount)
            } else {
                (storage, count) = try readNumbers(dataType, shape: shape, context: context)
            }
        } catch let failure as JSONFailure {
            if failure.kind == .tooManyElements {
                throw V2DecodingFault.count(index: index, name: draft.name, shape: shape, got: nil)
            }
            throw V2DecodingFault.element(failure, index: index, dataType: dataType)
        }
        guard count == shape.elementCount else {
            throw V2DecodingFault.count(index: index, name: draft.name, shape: shape, got: count)
        }
        if draft.source == .deferred { draft.source = .missing }
        draft.add(.json)
        draft.tensor = Tensor(dataType: dataType, shape: shape, storage: storage)
    }

    private func readNumbers(
        _ dataType: DataType,
        shape: TensorShape,
        context: Context
    ) throws -> (TensorStorage, Int) {
        guard let byteCount = shape.byteCount(of: dataType),
            let storage = context.allocator.allocate(byteCount: byteCount, alignment: dataType.alignment)
        else { throw JSONFailure(kind: .noMemory) }
        return (storage, try reader.readNumbers(of: dataType, into: storage))
    }
}

extension String {
    /// Whether these bytes spell the text.
    fileprivate func isSpelled(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var text = self
        return text.withUTF8 { utf8 in
            guard utf8.count == bytes.count, let start = utf8.baseAddress, let other = unsafe bytes.baseAddress else {
                return utf8.count == bytes.count
            }
            return unsafe memcmp(start, other, bytes.count) == 0
        }
    }
}

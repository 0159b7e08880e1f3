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
    /// What was said of shared memory.
    var memory = V2SharedMemory()
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
    func decodeInput(
        index: Int,
        context: Context,
        memory: inout RequestMemory
    ) throws(V2DecodingFault) -> V2InputDraft {
        try enterObject("inputs[\(index)]")
        var draft = V2InputDraft()
        var seen = SeenMembers()
        while try nextMember() {
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
                    try decodeData(into: &draft, index: index, context: context, memory: &memory)
                } else {
                    draft.add(.deferred)
                    try skipData(index: index)
                }
            } else if reader.isKey("parameters") {
                try seen.note(16, "inputs[\(index)].parameters")
                try decodeInputParameters(into: &draft, index: index)
            } else {
                try skip()
            }
        }
        return draft
    }

    /// The input's name; the model's own string where it matches, so that none is made.
    private func inputName(index: Int, context: Context) throws(V2DecodingFault) -> String {
        try field("inputs[\(index)].name", expected: "a string") { reader throws(JSONFailure) in
            try unsafe reader.withString { bytes in
                for input in context.model.inputs.indices
                where unsafe context.model.inputs[input].name.isSpelled(bytes) {
                    return context.model.inputs[input].name
                }
                return unsafe String(decoding: bytes, as: UTF8.self)
            }
        }
    }

    private func inputShape(index: Int) throws(V2DecodingFault) -> TensorShape {
        try enterArray("inputs[\(index)].shape", expected: "an array of integers, 0 or more each")
        var sizes = TensorShape.Sizes()
        while try nextElement() {
            let size = try field(
                "inputs[\(index)].shape[\(sizes.count)]",
                expected: "an integer between 0 and 9223372036854775807"
            ) { reader throws(JSONFailure) in
                try reader.readInt64()
            }
            guard size >= 0, sizes.append(Int(size)) else {
                throw .shape(index: index, dimensions: sizes.array + [Int(size)])
            }
        }
        guard let shape = sizes.shape, shape.elementCount <= limits.maxElements else {
            throw .shape(index: index, dimensions: sizes.array)
        }
        return shape
    }

    private func inputDataType(index: Int, context: Context) throws(V2DecodingFault) -> DataType {
        var known: DataType?
        let name = try field("inputs[\(index)].datatype", expected: "a string") { reader throws(JSONFailure) in
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

    private func decodeInputParameters(into draft: inout V2InputDraft, index: Int) throws(V2DecodingFault) {
        try enterObject("inputs[\(index)].parameters")
        while try nextMember() {
            if reader.isKey("binary_data_size") {
                let size = try field(
                    "inputs[\(index)].parameters.binary_data_size",
                    expected: "the number of bytes, an integer"
                ) { reader throws(JSONFailure) in
                    try reader.readUInt64()
                }
                guard let byteCount = Int(exactly: size) else {
                    throw .limit(
                        field: "inputs[\(index)].parameters.binary_data_size",
                        expected: "no more than the body has"
                    )
                }
                draft.add(.binary(byteCount: byteCount))
            } else if try !decodeSharedMemory(into: &draft.memory, of: "inputs[\(index)]") {
                try skip()
            }
        }
        if draft.memory.isNamed { draft.add(.sharedMemory) }
    }

    /// Passes over data that can't be placed yet; bare NaN and Infinity must pass too.
    private func skipData(index: Int) throws(V2DecodingFault) {
        try field("inputs[\(index)].data", expected: "an array") { reader throws(JSONFailure) in
            try reader.skipValues()
        }
    }

    func decodeData(
        into draft: inout V2InputDraft,
        index: Int,
        context: Context,
        memory: inout RequestMemory
    ) throws(V2DecodingFault) {
        guard let shape = draft.shape, let dataType = draft.dataType else {
            // Without them there is nothing to read into; `resolve` names what is missing.
            try skipData(index: index)
            return
        }
        // An element takes at least two bytes of JSON ("1,", but the last), so a shape can't make the server take
        // memory that the request didn't pay for with its own length.
        guard shape.elementCount <= (context.jsonByteCount + 1) / 2 else {
            throw .count(index: index, name: draft.name, shape: shape, got: nil)
        }
        let target = try target(for: dataType, shape: shape, memory: &memory)
        let count: Int
        let storage: TensorStorage
        do throws(JSONFailure) {
            if let target {
                storage = target
                count = try reader.readNumbers(of: dataType, into: target)
            } else {
                (storage, count) = try reader.readStrings(atMost: shape.elementCount)
            }
        } catch {
            if error.kind == .tooManyElements {
                throw .count(index: index, name: draft.name, shape: shape, got: nil)
            }
            throw .element(error, index: index, dataType: dataType)
        }
        guard count == shape.elementCount else {
            throw .count(index: index, name: draft.name, shape: shape, got: count)
        }
        if target == nil { try chargeText(storage.byteCount - count * 4, memory: &memory) }
        if draft.source == .deferred { draft.source = .missing }
        draft.add(.json)
        draft.tensor = Tensor(dataType: dataType, shape: shape, storage: storage)
    }

    /// Charges what BYTES elements hold: only when they have been read, but they are no longer than the body, which is
    /// paid for.
    private func chargeText(_ byteCount: Int, memory: inout RequestMemory) throws(V2DecodingFault) {
        do throws(InferenceError) {
            try memory.charge(byteCount)
        } catch {
            throw .memory(error)
        }
    }

    /// Memory for numbers; `nil` for BYTES, whose size shows only while they are read.
    private func target(
        for dataType: DataType,
        shape: TensorShape,
        memory: inout RequestMemory
    ) throws(V2DecodingFault) -> TensorStorage? {
        do throws(InferenceError) {
            if dataType == .bytes {
                try memory.chargeElements(shape.elementCount)
                try memory.charge(shape.elementCount * 4)
                return nil
            }
            guard let byteCount = shape.byteCount(of: dataType) else { throw ByteBudget.exhausted }
            return try memory.allocate(byteCount: byteCount, alignment: dataType.alignment)
        } catch {
            throw .memory(error)
        }
    }
}

extension String {
    /// Whether these bytes spell the text.
    fileprivate func isSpelled(_ bytes: UnsafeRawBufferPointer) -> Bool {
        unsafe utf8.span.withUnsafeBufferPointer { utf8 in
            guard utf8.count == bytes.count, let start = utf8.baseAddress, let other = bytes.baseAddress else {
                return utf8.count == bytes.count
            }
            return unsafe memcmp(start, other, bytes.count) == 0
        }
    }
}

internal import ApusCore

extension V2RequestDecoder {
    /// Gives each input its tensor: the one read from JSON, or its part of the binary bytes.
    func resolve(
        _ drafts: inout [V2InputDraft],
        binary: some BinaryBody,
        memory: inout RequestMemory
    ) throws(V2DecodingFault) -> [NamedTensor] {
        var inputs: [NamedTensor] = []
        inputs.reserveCapacity(drafts.count)
        var offset = 0
        for index in drafts.indices {
            inputs.append(try resolve(&drafts[index], index: index, offset: &offset, binary: binary, memory: &memory))
        }
        guard offset == binary.byteCount else {
            throw .leftover(byteCount: binary.byteCount - offset)
        }
        return inputs
    }

    private func resolve(
        _ draft: inout V2InputDraft,
        index: Int,
        offset: inout Int,
        binary: some BinaryBody,
        memory: inout RequestMemory
    ) throws(V2DecodingFault) -> NamedTensor {
        guard let name = draft.name else { throw .missing(field: "inputs[\(index)].name", expected: "a string") }
        guard let dataType = draft.dataType else {
            throw .missing(field: "inputs[\(index)].datatype", expected: "a string such as FP32")
        }
        guard let shape = draft.shape else {
            throw .missing(field: "inputs[\(index)].shape", expected: "an array of integers")
        }
        guard !draft.hasTwoSources else { throw .sources(index: index, name: name) }
        switch draft.source {
        case .missing, .deferred: throw .sources(index: index, name: name)
        case .sharedMemory:
            let part = try draft.memory.part(of: sharedMemory, limits: limits, place: "inputs[\(index)].parameters")
            let tensor = try V2BinaryTensor(name: name, dataType: dataType, shape: shape)
                .make(from: SharedMemoryBody(part: part), range: 0..<part.byteCount, memory: &memory)
            return NamedTensor(name: name, tensor: tensor)
        case .json: break
        case .binary(let byteCount):
            guard byteCount <= binary.byteCount - offset else {
                throw .shortBinary(name: name, missing: byteCount - (binary.byteCount - offset))
            }
            let tensor = try V2BinaryTensor(name: name, dataType: dataType, shape: shape)
                .make(from: binary, range: offset..<offset + byteCount, memory: &memory)
            offset += byteCount
            return NamedTensor(name: name, tensor: tensor)
        }
        guard let tensor = draft.tensor.take() else { throw .sources(index: index, name: name) }
        return NamedTensor(name: name, tensor: tensor)
    }
}

/// Makes a tensor of raw bytes and proves that they are as many as type and shape say.
struct V2BinaryTensor {
    let name: String
    let dataType: DataType
    let shape: TensorShape

    func make(
        from binary: some BinaryBody,
        range: Range<Int>,
        memory: inout RequestMemory
    ) throws(V2DecodingFault) -> Tensor {
        if dataType != .bytes {
            guard shape.byteCount(of: dataType) == range.count else {
                throw .byteSize(name: name, expected: shape.byteCount(of: dataType), got: range.count)
            }
        }
        let storage: TensorStorage
        do throws(InferenceError) {
            storage = try binary.makeStorage(for: range, alignment: dataType.alignment, memory: &memory)
            if dataType == .bytes {
                // Each has a length of four bytes: a shape can't charge more elements than can be there.
                try memory.chargeElements(min(shape.elementCount, range.count / 4))
            }
        } catch {
            throw .memory(error)
        }
        if dataType == .bytes {
            guard BytesElements.count(in: storage.bytes) == shape.elementCount else {
                throw .bytesElements(name: name, expected: shape.elementCount)
            }
        }
        return Tensor(dataType: dataType, shape: shape, storage: storage)
    }
}

internal import ApusCore

/// One input as far as its message says it.
struct V2MessageInput {
    var name = ""
    var dataType: DataType?
    var shape = TensorShape.scalar
    /// Typed contents are there, be they empty.
    var hasContents = false
    /// What was said of shared memory: its data may be there and not in the request.
    var memory = V2SharedMemory()
    /// A parameter about shared memory that makes no sense.
    var fault: V2MessageFault?

    /// Notes a parameter.
    mutating func take(_ parameter: V2MessageParameter) {
        do throws(V2MessageFault) {
            try memory.take(parameter)
        } catch {
            fault = error
        }
    }
}

extension V2MessageDecoder {
    /// Makes one input's tensor of its own contents, or of the raw entry whose turn it is.
    func decodeInput(
        _ index: Int,
        in bytes: RawSpan,
        body: some BinaryBody,
        context: inout Context,
        memory: inout RequestMemory
    ) throws(V2MessageFault) -> NamedTensor {
        let range = context.outline.inputs[index]
        let input = try readInput(range, index: index, in: bytes, model: context.model)
        guard !input.name.isEmpty else {
            throw .request(.missing(field: "inputs[\(index)].name", expected: "a string"))
        }
        guard let dataType = input.dataType else {
            throw .request(.missing(field: "inputs[\(index)].datatype", expected: "a string such as FP32"))
        }
        let tensor: Tensor
        if input.memory.isNamed {
            guard !input.hasContents else { throw .request(.sources(index: index, name: input.name)) }
            tensor = try sharedTensor(input, dataType: dataType, index: index, memory: &memory)
        } else if context.hasRaw {
            guard !input.hasContents else { throw .bothContents(name: input.name) }
            guard context.nextRaw < context.outline.raw.count else {
                throw .rawCount(expected: context.outline.inputs.count, got: context.outline.raw.count)
            }
            let entry = context.outline.raw[context.nextRaw]
            context.nextRaw += 1
            tensor = try rawTensor(input, dataType: dataType, from: body, at: entry, memory: &memory)
        } else {
            let contents = V2MessageContents(name: input.name, dataType: dataType, shape: input.shape, index: index)
            tensor = try contents.tensor(in: range, of: bytes, memory: &memory)
        }
        return NamedTensor(name: input.name, tensor: tensor)
    }

    private func sharedTensor(
        _ input: V2MessageInput,
        dataType: DataType,
        index: Int,
        memory: inout RequestMemory
    ) throws(V2MessageFault) -> Tensor {
        do throws(V2DecodingFault) {
            let part = try input.memory.part(of: sharedMemory, limits: limits, place: "inputs[\(index)].parameters")
            return try V2BinaryTensor(name: input.name, dataType: dataType, shape: input.shape)
                .make(from: SharedMemoryBody(part: part), range: 0..<part.byteCount, memory: &memory)
        } catch {
            throw .request(error)
        }
    }

    private func rawTensor(
        _ input: V2MessageInput,
        dataType: DataType,
        from body: some BinaryBody,
        at range: Range<Int>,
        memory: inout RequestMemory
    ) throws(V2MessageFault) -> Tensor {
        do throws(V2DecodingFault) {
            return try V2BinaryTensor(name: input.name, dataType: dataType, shape: input.shape)
                .make(from: body, range: range, memory: &memory)
        } catch {
            throw .request(error)
        }
    }

    /// Reads the fields of an input; what they mean is looked at afterwards.
    private func readInput(
        _ range: Range<Int>,
        index: Int,
        in bytes: RawSpan,
        model: ModelDescription
    ) throws(V2MessageFault) -> V2MessageInput {
        var input = V2MessageInput()
        var dataType = ""
        dimensions.removeAll(keepingCapacity: true)
        do throws(ProtobufFault) {
            var reader = ProtobufReader(range)
            while let field = try reader.nextField(in: bytes) {
                switch (field.number, field.wire) {
                case (1, .bytes): input.name = try name(at: reader.readBytes(in: bytes), in: bytes, model: model)
                case (2, .bytes): dataType = try bytes.text(at: reader.readBytes(in: bytes))
                case (3, .bytes):
                    var sizes = ProtobufReader(try reader.readBytes(in: bytes))
                    while sizes.offset < sizes.end { note(size: try sizes.readVarint(in: bytes)) }
                case (3, .varint): note(size: try reader.readVarint(in: bytes))
                case (4, .bytes):
                    input.take(try V2MessageParameter(reader.readBytes(in: bytes), in: bytes))
                case (5, .bytes):
                    _ = try reader.readBytes(in: bytes)
                    input.hasContents = true
                default: try reader.skip(field, in: bytes)
                }
            }
        } catch {
            throw .wire(error)
        }
        if let fault = input.fault { throw fault }
        input.dataType = try self.dataType(dataType, index: index, model: model)
        input.shape = try shape(index: index)
        return input
    }

    /// The input's name; the model's own string where it matches, so that none is made.
    private func name(
        at range: Range<Int>,
        in bytes: RawSpan,
        model: ModelDescription
    ) throws(ProtobufFault) -> String {
        for input in model.inputs.indices where bytes.isText(model.inputs[input].name, at: range) {
            return model.inputs[input].name
        }
        return try bytes.text(at: range)
    }

    /// The type of that name: nearly always one of the model's own; `nil` for none at all.
    private func dataType(_ name: String, index: Int, model: ModelDescription) throws(V2MessageFault) -> DataType? {
        guard !name.isEmpty else { return nil }
        for input in model.inputs.indices where model.inputs[input].dataType.rawValue == name {
            return model.inputs[input].dataType
        }
        guard let dataType = DataType(rawValue: name) else { throw .request(.dataType(index: index, got: name)) }
        return dataType
    }

    /// Notes one size of the shape that is read, and one more than there may be so that `shape` sees it.
    private func note(size: UInt64) {
        guard dimensions.count <= TensorShape.maxRank else { return }
        dimensions.append(Int(Int64(bitPattern: size)))
    }

    /// The shape that was read.
    private func shape(index: Int) throws(V2MessageFault) -> TensorShape {
        guard let shape = TensorShape(dimensions.span), shape.elementCount <= limits.maxElements else {
            // A copy of its own: the array here is written again for the next input.
            throw .request(.shape(index: index, dimensions: dimensions.map { $0 }))
        }
        return shape
    }
}

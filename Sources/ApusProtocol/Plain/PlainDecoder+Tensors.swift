internal import ApusCore

extension PlainDecoder {
    /// Reads the current value, or the root array, as an input: straight into the model's memory, in the model's type.
    func readTensor(
        of index: Int,
        into draft: inout Draft,
        field: String,
        memory: inout RequestMemory
    ) throws(PlainFault) {
        let place = PlainPlace(field: field, input: draft.model.inputs[index])
        let storage = try readStorage(at: place, memory: &memory)
        let shape = try shape(of: index, at: place, draft: &draft)
        draft.tensors[index] = Tensor(dataType: place.input.dataType, shape: shape, storage: storage)
    }

    /// Reads the root array as elements behind each other.
    func readFlat(at place: PlainPlace, memory: inout RequestMemory) throws(PlainFault) -> Tensor {
        let storage = try readStorage(at: place, memory: &memory)
        guard reader.plainRank == 1, let shape = TensorShape([reader.plainSize(0)]) else {
            throw .shape(place, got: sizes(rank: reader.plainRank))
        }
        return Tensor(dataType: place.input.dataType, shape: shape, storage: storage)
    }

    private func readStorage(at place: PlainPlace, memory: inout RequestMemory) throws(PlainFault) -> TensorStorage {
        let extent = try element(place) { reader throws(JSONFailure) in try reader.measurePlain() }
        guard extent.most <= limits.maxElements else { throw .tooMany(place, limit: limits.maxElements) }
        return place.input.dataType == .bytes
            ? try texts(extent, at: place, memory: &memory)
            : try numbers(extent.most, at: place, memory: &memory)
    }

    private func numbers(
        _ most: Int,
        at place: PlainPlace,
        memory: inout RequestMemory
    ) throws(PlainFault) -> TensorStorage {
        let type = place.input.dataType
        // A bound of the elements is at most the body's bytes, so this can't overflow.
        let storage = try allocate(most * (type.byteSize ?? 1), of: type, memory: &memory)
        let count = try element(place) { reader throws(JSONFailure) in try reader.readPlain(of: type, into: storage) }
        // Only arrays without elements have fewer than their commas say.
        return count == most ? storage : try allocate(count * (type.byteSize ?? 1), of: type, memory: &memory)
    }

    private func texts(
        _ extent: (most: Int, byteCount: Int),
        at place: PlainPlace,
        memory: inout RequestMemory
    ) throws(PlainFault) -> TensorStorage {
        do throws(InferenceError) {
            // Contents and lengths take about what their text does; how many there are shows when they have been read.
            try memory.charge(extent.byteCount)
        } catch {
            throw .memory(error)
        }
        let (storage, count) = try element(place) { reader throws(JSONFailure) in
            try reader.readPlainTexts(atMost: extent.most)
        }
        do throws(InferenceError) {
            try memory.chargeElements(count)
        } catch {
            throw .memory(error)
        }
        return storage
    }

    private func allocate(
        _ byteCount: Int,
        of type: DataType,
        memory: inout RequestMemory
    ) throws(PlainFault) -> TensorStorage {
        do throws(InferenceError) {
            return try memory.allocate(byteCount: byteCount, alignment: type.alignment)
        } catch {
            throw .memory(error)
        }
    }

    /// The shape of what was read last, with leading dimensions of 1 as far as the model wants more.
    private func shape(of index: Int, at place: PlainPlace, draft: inout Draft) throws(PlainFault) -> TensorShape {
        let expected = place.input.shape
        let rank = reader.plainRank
        let added = expected.count - rank
        guard added >= 0 else { throw .shape(place, got: sizes(rank: rank)) }
        draft.fewestAdded = min(draft.fewestAdded, added)
        for axis in expected.indices where expected[axis] >= 0 {
            let size = axis < added ? 1 : reader.plainSize(axis - added)
            guard size == expected[axis] else { throw .shape(place, got: sizes(rank: rank)) }
        }
        var filled = TensorShape.Sizes()
        for axis in expected.indices {
            guard filled.append(axis < added ? 1 : reader.plainSize(axis - added)) else {
                throw .shape(place, got: sizes(rank: rank))
            }
        }
        guard let shape = filled.shape else { throw .shape(place, got: sizes(rank: rank)) }
        return shape
    }

    private func sizes(rank: Int) -> [Int] {
        (0..<rank).map { reader.plainSize($0) }
    }

    /// Runs a read and names the place in its failure.
    private func element<Value>(
        _ place: PlainPlace,
        _ read: (JSONReader) throws(JSONFailure) -> Value
    ) throws(PlainFault) -> Value {
        do throws(JSONFailure) {
            return try read(reader)
        } catch {
            throw .element(error, place)
        }
    }
}

internal import ApusCore

/// What the parameters of a tensor say of shared memory.
struct V2SharedMemory: Equatable {
    var region: String?
    var offset: UInt64 = 0
    var byteSize: UInt64?

    /// Whether any of it was named.
    var isNamed: Bool { region != nil }

    /// The part of a region that was named.
    ///
    /// - Parameters:
    ///   - regions: What clients have registered.
    ///   - limits: How large a body may be, and so a part: it is copied where bodies are.
    ///   - place: Where in the request the parameters stand.
    /// - Returns: The part, within its region's bounds.
    /// - Throws: `missing` for a parameter that must come too, `limit` for a part that is too large, `memory` for one
    ///   that isn't there.
    func part(
        of regions: any SharedMemoryRegions,
        limits: InputLimits,
        place: String
    ) throws(V2DecodingFault) -> SharedMemoryPart {
        guard let region else {
            throw .missing(field: "\(place).shared_memory_region", expected: "a string")
        }
        guard let byteSize else {
            throw .missing(field: "\(place).shared_memory_byte_size", expected: "an integer")
        }
        let part: SharedMemoryPart
        do throws(InferenceError) {
            part = try regions.part(of: region, offset: offset, byteCount: byteSize)
        } catch {
            throw .memory(error)
        }
        guard part.byteCount <= limits.maxBodyBytes else {
            throw .limit(
                field: "\(place).shared_memory_byte_size",
                expected: "at most \(limits.maxBodyBytes) bytes (max_body_bytes)"
            )
        }
        return part
    }
}

/// What a requested output's parameters say.
struct V2OutputWish {
    var isBinary = false
    var classCount: UInt64 = 0
    var memory = V2SharedMemory()

    /// What is to be done with the output besides sending it.
    ///
    /// - Parameters:
    ///   - regions: What clients have registered.
    ///   - limits: How large a part may be.
    ///   - place: Where in the request the parameters stand.
    /// - Returns: `nil` for an output that is sent as it is.
    /// - Throws: What is wrong with a region, `limit` for classes beside one.
    func special(
        of regions: any SharedMemoryRegions,
        limits: InputLimits,
        place: String
    ) throws(V2DecodingFault) -> V2SpecialOutput? {
        guard memory.isNamed else {
            return classCount > 0 ? V2SpecialOutput(classCount: Int(clamping: classCount)) : nil
        }
        guard classCount == 0, !isBinary else {
            throw .limit(
                field: "\(place).shared_memory_region",
                expected: "neither 'classification' nor 'binary_data' beside it"
            )
        }
        return V2SpecialOutput(part: try memory.part(of: regions, limits: limits, place: place))
    }
}

/// A part of shared memory, read as the bytes of one tensor.
struct SharedMemoryBody: BinaryBody {
    let part: SharedMemoryPart

    var byteCount: Int { part.byteCount }

    func makeStorage(
        for range: Range<Int>,
        alignment: Int,
        memory: inout RequestMemory
    ) throws(InferenceError) -> TensorStorage {
        try part.read(alignment: alignment, memory: &memory)
    }
}

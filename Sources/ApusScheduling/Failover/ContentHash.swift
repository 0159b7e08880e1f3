internal import ApusCore

/// Tells requests apart by what they ask, to recognise one that instances died of.
///
/// Seeded anew by each process, so that nobody can make a request that is taken for somebody else's.
enum ContentHash {
    /// The hash of a call: its inputs' types, shapes and bytes, and the outputs that it asks for.
    ///
    /// - Returns: `nil` for a call that would hold an event loop up for too long.
    static func of(_ call: ValidatedCall) -> Int? {
        let byteCount = call.inputs.reduce(0) { $0 + ($1?.storage.byteCount ?? 0) }
        guard byteCount <= CachingFront.maxInputBytes else { return nil }
        var hasher = Hasher()
        for input in call.inputs {
            guard let input else {
                hasher.combine(UInt8(0))
                continue
            }
            hasher.combine(input.dataType)
            hasher.combine(input.shape)
            unsafe input.storage.withUnsafeBytes { bytes in
                hasher.combine(bytes.count)
                unsafe hasher.combine(bytes: bytes)
            }
        }
        hasher.combine(call.outputs)
        return hasher.finalize()
    }
}

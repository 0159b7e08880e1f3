extension InferenceRequest {
    /// Nanoseconds of the parameter `timeout`, which is in microseconds; `Int64.max` for more than that.
    package static func nanoseconds(microseconds: UInt64) -> Int64 {
        let (nanoseconds, overflow) = Int64(clamping: microseconds).multipliedReportingOverflow(by: 1000)
        return overflow ? .max : nanoseconds
    }
}

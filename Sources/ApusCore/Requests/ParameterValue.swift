/// A value of a request's `parameters` object.
package enum ParameterValue: Hashable, Sendable {
    /// A truth value.
    case bool(Bool)
    /// An integer that fits 64 bits with a sign.
    case int(Int64)
    /// A positive integer that only fits without a sign.
    case uint(UInt64)
    /// A number with a fraction or an exponent.
    case double(Double)
    /// Text.
    case string(String)
}

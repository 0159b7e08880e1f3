/// The value of one sample.
package enum MetricValue: Hashable, Sendable {
    /// A count.
    case count(UInt64)
    /// A level that may fall.
    case level(Int64)
    /// A duration in nanoseconds, written exactly in seconds.
    case seconds(nanoseconds: UInt64)
    /// A share or another number that is no integer.
    case ratio(Double)

    /// Writes the number as Prometheus reads it.
    func write(to text: inout TextBytes) {
        switch self {
        case .count(let count): text.append(decimal: count)
        case .level(let level): text.append(decimal: level)
        case .seconds(let nanoseconds): text.append(secondsOf: nanoseconds)
        case .ratio(let ratio) where ratio.isNaN: text.append("NaN")
        case .ratio(let ratio) where ratio.isInfinite: text.append(ratio < 0 ? "-Inf" : "+Inf")
        case .ratio(let ratio): text.append(ratio.description)
        }
    }
}

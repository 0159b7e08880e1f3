/// One value of a field, checked against the schema.
package enum ModelConfigurationValue: Sendable, Equatable {
    /// Of an `int32` or `int64` field.
    case signed(Int64)
    /// Of a `uint32` or `uint64` field.
    case unsigned(UInt64)
    /// Of a `bool` field.
    case boolean(Bool)
    /// Of a `float` field.
    case float(Float)
    /// Of a `double` field.
    case double(Double)
    /// Of an enumeration.
    case enumeration(EnumerationSchema.Member)
    /// Of a `string` field.
    case string(String)
    /// Of a `bytes` field.
    case bytes([UInt8])
    /// Of a message.
    case message(ModelConfigurationMessage)
}

import ApusCore

extension InferenceError {
    /// What a function throws; `nil` when it throws nothing.
    init?<Value: ~Copyable>(thrownBy body: () throws(InferenceError) -> Value) {
        do throws(InferenceError) {
            _ = try body()
            return nil
        } catch {
            self = error
        }
    }
}

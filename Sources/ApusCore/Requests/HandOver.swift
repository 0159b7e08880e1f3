internal import Synchronization

/// A box that carries one noncopyable value through a place that only takes copyable ones.
package final class HandOver<Value: ~Copyable & Sendable>: Sendable {
    private let content: Mutex<Value?>

    /// Puts a value in.
    package init(_ value: consuming sending Value?) {
        self.content = Mutex(value)
    }

    /// Takes the value out; `nil` from the second time on.
    package func take() -> sending Value? {
        content.withLock { $0.take() }
    }
}

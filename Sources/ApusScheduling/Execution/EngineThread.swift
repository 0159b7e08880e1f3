internal import CLinux

/// A thread of the system that runs one closure to its end.
enum EngineThread {
    /// Carries the closure through C.
    private final class Body {
        let run: @Sendable () -> Void

        init(_ run: @escaping @Sendable () -> Void) {
            self.run = run
        }
    }

    /// Starts a detached thread; `false` when the system gives none.
    @discardableResult
    static func start(name: String, _ run: @escaping @Sendable () -> Void) -> Bool {
        let context = unsafe Unmanaged.passRetained(Body(run)).toOpaque()
        let result = unsafe CLinux_startThread(
            nil,
            name,
            false,
            { context in
                guard let context = unsafe context else { return }
                unsafe Unmanaged<Body>.fromOpaque(context).takeRetainedValue().run()
            },
            context
        )
        guard result == 0 else {
            unsafe Unmanaged<Body>.fromOpaque(context).release()
            return false
        }
        return true
    }
}

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

    /// Starts a detached thread.
    ///
    /// - Returns: 0, or the system's error number when it gives no thread.
    static func start(name: String, _ run: @escaping @Sendable () -> Void) -> Int32 {
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
        if result != 0 { unsafe Unmanaged<Body>.fromOpaque(context).release() }
        return result
    }
}

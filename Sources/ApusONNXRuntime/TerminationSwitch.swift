internal import CONNXRuntime
internal import Synchronization

/// Ends a run from another thread, and only a run that is under way.
///
/// The library's mark stays set until somebody takes it away, so a late call could end the next run instead. The state
/// says who may touch the mark: a caller sets it only while a run is under way, and the run's end waits for it.
/// Unchecked because of the library's pointers, which are constant.
@safe final class TerminationSwitch: @unchecked Sendable {
    private static let idle: UInt8 = 0
    private static let running: UInt8 = 1
    private static let marking: UInt8 = 2
    private static let marked: UInt8 = 3

    /// The library's options of the instance's runs, which hold the mark.
    let runOptions: OpaquePointer
    private let api: UnsafePointer<CONNXRuntime_Api>
    private let state = Atomic<UInt8>(TerminationSwitch.idle)

    /// Takes over the run options.
    init(api: UnsafePointer<CONNXRuntime_Api>, runOptions: OpaquePointer) {
        unsafe self.api = unsafe api
        unsafe self.runOptions = unsafe runOptions
    }

    deinit {
        unsafe CONNXRuntime_releaseRunOptions(api, runOptions)
    }

    /// A run begins.
    func runStarted() {
        state.store(Self.running, ordering: .releasing)
    }

    /// A run ended; says whether it had been told to.
    func runEnded() -> Bool {
        while true {
            let (ended, seen) = state.compareExchange(
                expected: Self.running,
                desired: Self.idle,
                ordering: .acquiringAndReleasing
            )
            if ended { return false }
            if seen == Self.marked { break }
        }
        if let status = unsafe CONNXRuntime_unsetTerminate(api, runOptions) {
            unsafe CONNXRuntime_releaseStatus(api, status)
        }
        state.store(Self.idle, ordering: .releasing)
        return true
    }

    /// Tells the run that is under way to end; nothing happens when there is none.
    func terminate() {
        let (won, _) = state.compareExchange(
            expected: Self.running,
            desired: Self.marking,
            ordering: .acquiringAndReleasing
        )
        guard won else { return }
        if let status = unsafe CONNXRuntime_setTerminate(api, runOptions) {
            unsafe CONNXRuntime_releaseStatus(api, status)
        }
        state.store(Self.marked, ordering: .releasing)
    }
}

internal import CONNXRuntime
internal import Synchronization

/// Ends an instance's run from another thread: the one that is under way, or else the next one.
///
/// The library's mark stays set until somebody takes it away. So does ours, which tells a run before it calls the library
/// and afterwards why it failed. `clear` doesn't come at the same time as `terminate` (see `ModelInstance`), so both marks
/// agree whenever a run begins.
/// Unchecked because of the library's pointers, which are constant.
@safe final class TerminationSwitch: @unchecked Sendable {
    /// The library's options of the instance's runs, which hold the library's mark.
    let runOptions: OpaquePointer
    private let api: UnsafePointer<CONNXRuntime_Api>
    private let mark = Atomic(false)

    /// Takes over the run options.
    init(api: UnsafePointer<CONNXRuntime_Api>, runOptions: OpaquePointer) {
        unsafe self.api = unsafe api
        unsafe self.runOptions = unsafe runOptions
    }

    deinit {
        unsafe CONNXRuntime_releaseRunOptions(api, runOptions)
    }

    /// Whether the run has been told to end.
    var isTerminated: Bool { mark.load(ordering: .acquiring) }

    /// Tells the run that is under way, or else the next one, to end.
    func terminate() {
        // Ours first: a run that fails by the library's mark finds it.
        mark.store(true, ordering: .releasing)
        if let status = unsafe CONNXRuntime_setTerminate(api, runOptions) {
            unsafe CONNXRuntime_releaseStatus(api, status)
        }
    }

    /// Takes the marks away.
    func clear() {
        guard isTerminated else { return }
        if let status = unsafe CONNXRuntime_unsetTerminate(api, runOptions) {
            unsafe CONNXRuntime_releaseStatus(api, status)
        }
        mark.store(false, ordering: .releasing)
    }
}

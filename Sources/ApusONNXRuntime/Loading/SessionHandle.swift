internal import CONNXRuntime

/// The library's session, released with its last user.
///
/// Instances and the tensors that models answered with keep it alive: an output may lie in memory of the session.
/// Unchecked because of the library's pointers, which are constant; the library allows runs from any thread.
@safe final class SessionHandle: @unchecked Sendable {
    /// Where the session lives.
    let environment: ONNXRuntimeEnvironment
    /// The library's session.
    let pointer: OpaquePointer

    /// The table of functions.
    var api: UnsafePointer<CONNXRuntime_Api> { unsafe environment.library.api }

    /// Takes the session over.
    init(environment: ONNXRuntimeEnvironment, pointer: OpaquePointer) {
        self.environment = environment
        unsafe self.pointer = unsafe pointer
    }

    deinit {
        unsafe CONNXRuntime_releaseSession(api, pointer)
    }
}

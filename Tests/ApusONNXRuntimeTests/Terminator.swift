import ApusEngine
import Dispatch

/// Calls `terminate` once, from another thread, since a run blocks the one it is on.
enum Terminator {
    /// Runs a body and terminates it, most likely when it has begun; wherever the call comes, it must end the run.
    static func whileTerminating<Result>(_ instance: any ModelInstance, _ body: () -> Result) -> Result {
        let hasEnded = DispatchSemaphore(value: 0)
        DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(20)) {
            instance.terminate()
            hasEnded.signal()
        }
        defer { hasEnded.wait() }
        return body()
    }
}

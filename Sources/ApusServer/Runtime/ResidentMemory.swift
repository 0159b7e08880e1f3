internal import CLinux
internal import Dispatch

/// Gives back what only starting and loading needed.
enum ResidentMemory {
    /// Returns freed heap to the system and lets go of code pages.
    ///
    /// Loading runs through code that serving never sees again: conformance look-ups, graph optimisers, parsers. Its pages
    /// are clean and stay in the page cache; letting go of them costs a soft fault for each that is needed again, and an
    /// idle server holds half as much.
    ///
    /// Walking a large heap takes tens of milliseconds, so it happens on a thread of the system's and not on the
    /// cooperative pool, which has as many threads as the machine has cores.
    static func release() async {
        await withCheckedContinuation { continuation in
            DispatchQueue.global(qos: .utility).async {
                _ = CLinux_trimHeap()
                CLinux_releaseCode()
                continuation.resume()
            }
        }
    }

    /// Returns freed heap to the system, soon: not on the caller's thread, which may be one of low priority, because
    /// others wait for the allocator's locks meanwhile.
    static func trim() {
        DispatchQueue.global(qos: .utility).async { _ = CLinux_trimHeap() }
    }
}

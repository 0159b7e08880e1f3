internal import CLinux

/// Gives back what only starting and loading needed.
enum ResidentMemory {
    /// Returns freed heap to the system and lets go of code pages.
    ///
    /// Loading runs through code that serving never sees again: conformance look-ups, graph optimisers, parsers. Its pages
    /// are clean and stay in the page cache; letting go of them costs a soft fault for each that is needed again, and an
    /// idle server holds half as much.
    static func release() {
        _ = CLinux_trimHeap()
        CLinux_releaseCode()
    }
}

internal import ApusCore
internal import CLinux
internal import Glibc
internal import Synchronization

/// Tells when something changes in a repository's folder, by inotify(7).
///
/// Three levels are watched: the root, models, versions. Folders that are too many for the system's limit are left to the
/// next look.
final class FolderWatch: Sendable {
    private let descriptor: Int32
    private let stop: Int32
    private let root: String
    private let onChange: @Sendable () -> Void

    /// Begins to watch.
    ///
    /// - Parameters:
    ///   - folder: The root.
    ///   - onChange: Called on a thread of the watch's, once for each burst of changes.
    /// - Throws: `resource` when the system has no watch or thread left.
    init(_ folder: String, onChange: @escaping @Sendable () -> Void) throws(RuntimeFailure) {
        let descriptor = inotify_init1(Int32(IN_CLOEXEC | IN_NONBLOCK))
        let stop = CLinux_makeSemaphore()
        guard descriptor >= 0, stop >= 0 else {
            if descriptor >= 0 { _ = close(descriptor) }
            if stop >= 0 { _ = close(stop) }
            throw RuntimeFailure(.resource, "no inotify instance left (fs.inotify.max_user_instances)")
        }
        self.descriptor = descriptor
        self.stop = stop
        self.root = folder
        self.onChange = onChange
        watchFolders()
        let context = unsafe Unmanaged.passRetained(self)
        let body: @convention(c) (UnsafeMutableRawPointer?) -> Void = { context in
            unsafe Unmanaged<FolderWatch>.fromOpaque(context!).takeRetainedValue().work()
        }
        let error = unsafe CLinux_startThread(nil, "apus-watch", true, body, context.toOpaque())
        guard error == 0 else {
            unsafe context.release()
            throw RuntimeFailure(.resource, "no thread for watching the repository's folder (ulimit -u)")
        }
    }

    /// Watches no longer.
    func end() {
        CLinux_signalSemaphore(stop)
    }

    deinit {
        _ = close(descriptor)
        _ = close(stop)
    }

    private func work() {
        while true {
            var waits = [descriptor, stop].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
            let count = unsafe poll(&waits, 2, -1)
            if count < 0, errno == EINTR { continue }
            guard count > 0, waits[1].revents == 0 else { return }
            drain()
            watchFolders()
            onChange()
            // A burst of changes is one: what comes while this sleeps wakes it once more.
            usleep(100_000)
        }
    }

    private func drain() {
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while unsafe buffer.withUnsafeMutableBytes({ unsafe read(descriptor, $0.baseAddress, $0.count) }) > 0 {}
    }

    private func watchFolders() {
        watch(root)
        for model in FolderWatch.folders(in: root) {
            watch(model)
            for version in FolderWatch.folders(in: model) { watch(version) }
        }
    }

    private func watch(_ path: String) {
        let events = IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | IN_MODIFY
        _ = unsafe inotify_add_watch(descriptor, path, UInt32(events))
    }

    private static func folders(in path: String) -> [String] {
        guard let stream = unsafe opendir(path) else { return [] }
        defer { unsafe closedir(stream) }
        var found: [String] = []
        while let entry = unsafe readdir(stream), found.count < 10_000 {
            let name = unsafe String(cString: CLinux_entryName(entry))
            guard !name.hasPrefix(".") else { continue }
            let folder = "\(path)/\(name)"
            var status = stat()
            guard unsafe lstat(folder, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else { continue }
            found.append(folder)
        }
        return found
    }
}

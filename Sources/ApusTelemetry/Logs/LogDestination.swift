internal import Glibc
internal import Synchronization

/// Where log lines go: standard error or a file, one write(2) for a line.
///
/// A caller is an event loop more often than not, so a line that can't be written at once is given up and counted.
/// Only the first such line waits, up to ten milliseconds, so that a burst doesn't lose what the reader was about to
/// take; as long as the reader stalls, the lines after it don't wait at all.
///
/// Safe from any thread without a lock: the kernel appends a line as a whole to a file, and to a pipe up to 4096 bytes.
package final class LogDestination: Sendable {
    /// How a descriptor is written to without waiting.
    private enum Way {
        /// A file, or a descriptor of our own that doesn't block.
        case write
        /// A socket, as under systemd.
        case send
        /// A descriptor shared with others that may block: ask first.
        case pollThenWrite
    }

    private let descriptor: Int32
    private let isOwned: Bool
    private let way: Way
    private let lost = Atomic<UInt64>(0)
    private let isStalled = Atomic<Bool>(false)
    private let isTorn = Atomic<Bool>(false)

    /// The longest wait for a reader that has fallen behind, in milliseconds.
    private static let patience: Int32 = 10
    private static let sendFlags = Int32(MSG_DONTWAIT | MSG_NOSIGNAL)

    private init(descriptor: Int32, isOwned: Bool, way: Way) {
        self.descriptor = descriptor
        self.isOwned = isOwned
        self.way = way
        ignoreWriteSignals()
    }

    deinit {
        if isOwned { close(descriptor) }
    }

    /// Lines that were not written, or not to their end, since the start.
    package var linesLost: UInt64 { lost.load(ordering: .relaxed) }

    /// Writes to standard error.
    package static func standardError() -> LogDestination {
        descriptor(STDERR_FILENO)
    }

    /// Appends to a file, which is made with mode 0640 when it isn't there.
    package static func file(_ path: String) throws(LogFileError) -> LogDestination {
        let opened = unsafe open(path, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK | O_CLOEXEC | O_NOCTTY, 0o640)
        guard opened >= 0 else { throw LogFileError(path: path, systemError: errno) }
        return LogDestination(descriptor: opened, isOwned: true, way: .write)
    }

    /// Writes to a descriptor that belongs to somebody else and stays open.
    ///
    /// `O_NONBLOCK` would change it for all who share it, the user's shell included; so a pipe or terminal is opened
    /// a second time, a socket takes the flag with each call. A file is taken as it is: a second opening would append
    /// while the first goes on writing from its own offset.
    static func descriptor(_ descriptor: Int32) -> LogDestination {
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else {
            return LogDestination(descriptor: descriptor, isOwned: false, way: .write)
        }
        switch status.st_mode & S_IFMT {
        case S_IFSOCK:
            return LogDestination(descriptor: descriptor, isOwned: false, way: .send)
        case S_IFIFO, S_IFCHR:
            let flags = O_WRONLY | O_APPEND | O_NONBLOCK | O_CLOEXEC | O_NOCTTY
            let reopened = unsafe open("/proc/self/fd/\(descriptor)", flags)
            guard reopened >= 0 else {
                return LogDestination(descriptor: descriptor, isOwned: false, way: .pollThenWrite)
            }
            return LogDestination(descriptor: reopened, isOwned: true, way: .write)
        default:
            return LogDestination(descriptor: descriptor, isOwned: false, way: .write)
        }
    }

    /// Writes one line, or counts it as lost.
    ///
    /// - Parameter line: The bytes with their line break.
    package func write(_ line: consuming [UInt8]) {
        // The rest of a line that went out by half is gone; without a line break the next one would hang on to it.
        if isTorn.exchange(false, ordering: .relaxed) { line.insert(UInt8(ascii: "\n"), at: 0) }
        let written = attempt(line)
        guard written != line.count else {
            isStalled.store(false, ordering: .relaxed)
            return
        }
        lost.wrappingAdd(1, ordering: .relaxed)
        if written > 0 || line.first == UInt8(ascii: "\n") { isTorn.store(true, ordering: .relaxed) }
    }

    private func attempt(_ line: [UInt8]) -> Int {
        while true {
            if way == .pollThenWrite, !isWritable(within: 0), !waitOnce() { return -1 }
            let written = unsafe line.withUnsafeBytes { bytes in
                way == .send
                    ? unsafe Glibc.send(descriptor, bytes.baseAddress, bytes.count, LogDestination.sendFlags)
                    : unsafe Glibc.write(descriptor, bytes.baseAddress, bytes.count)
            }
            if written >= 0 { return written }
            switch errno {
            case EINTR: continue
            case EAGAIN where waitOnce(): continue
            default: return -1
            }
        }
    }

    /// Waits for the reader unless it has been waited for in vain before.
    private func waitOnce() -> Bool {
        guard !isStalled.exchange(true, ordering: .relaxed) else { return false }
        return isWritable(within: LogDestination.patience)
    }

    private func isWritable(within milliseconds: Int32) -> Bool {
        var request = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        return unsafe poll(&request, 1, milliseconds) > 0
    }
}

/// Keeps a log without a reader, or one that has reached the limit on file sizes, from ending the process.
///
/// Both signals are ignored from the first destination on; whoever has installed a handler keeps it.
private func ignoreWriteSignals() {
    for number in [SIGPIPE, SIGXFSZ] {
        var current = sigaction()
        guard unsafe sigaction(number, nil, &current) == 0 else { continue }
        if unsafe current.__sigaction_handler.sa_handler == nil { _ = signal(number, SIG_IGN) }
    }
}

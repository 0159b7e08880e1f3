internal import CLinux
internal import Glibc

/// Runs a program that prints a key: without a shell, its output and its time bounded.
struct KeyCommand {
    /// The most bytes of output.
    private static let maxBytes = 4096

    /// The program, looked for in PATH, and its arguments.
    let arguments: [String]
    /// How long it may take.
    let deadline: Duration

    /// What the program printed.
    ///
    /// - Throws: `undecryptable` when it doesn't start, takes too long, prints too much, or ends with a failure; its error
    ///   output goes where the process' own goes.
    func run() throws(StorageError) -> String {
        var output: Int32 = -1
        var input: Int32 = -1
        guard unsafe CLinux_makePipe(&output, &input) == 0 else { throw failure("can't be started: no pipe") }
        defer { close(output) }
        let process = try spawn(output: input)
        let outcome = read(from: output)
        // Ended or not: without a deadline of its own, nobody may wait for it.
        if case .failure = outcome { kill(process, SIGKILL) }
        let status = wait(process)
        let text = try outcome.get()
        guard status == 0 else { throw failure("ended with a failure (status \(status))") }
        return String(decoding: text, as: UTF8.self)
    }

    /// Starts the program, and closes this process' end of what it writes into.
    private func spawn(output: Int32) throws(StorageError) -> pid_t {
        defer { close(output) }
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        unsafe posix_spawn_file_actions_adddup2(&actions, output, 1)
        var pointers: [UnsafeMutablePointer<CChar>?] = unsafe arguments.map { unsafe strdup($0) } + [nil]
        defer { for index in unsafe pointers.indices { unsafe free(pointers[index]) } }
        var process: pid_t = 0
        let error = unsafe posix_spawnp(&process, arguments[0], &actions, nil, &pointers, environ)
        guard error == 0 else {
            throw failure("can't be started: \(unsafe String(cString: CLinux_errorText(error)))")
        }
        return process
    }

    private func read(from descriptor: Int32) -> Result<[UInt8], StorageError> {
        let end = ContinuousClock.now + deadline
        var output: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: KeyCommand.maxBytes)
        while true {
            let left = ContinuousClock.now.duration(to: end)
            guard left > .zero else { return .failure(failure("took longer than \(deadline)")) }
            var item = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            let milliseconds = left.components.seconds * 1000 + left.components.attoseconds / 1_000_000_000_000_000 + 1
            guard unsafe poll(&item, 1, Int32(clamping: milliseconds)) > 0 else { continue }
            let count = unsafe chunk.withUnsafeMutableBytes { buffer in
                unsafe Glibc.read(descriptor, buffer.baseAddress, buffer.count)
            }
            guard count > 0 else { return .success(output) }
            output += chunk.prefix(count)
            guard output.count <= KeyCommand.maxBytes else {
                return .failure(failure("printed more than \(KeyCommand.maxBytes) bytes"))
            }
        }
    }

    /// Waits for the program's end; one that has closed its output and goes on has as long again as it had.
    private func wait(_ process: pid_t) -> Int32 {
        let end = ContinuousClock.now + deadline
        var status: Int32 = 0
        while true {
            let ended = unsafe waitpid(process, &status, WNOHANG)
            if ended == process || (ended < 0 && errno != EINTR) { return status }
            if ContinuousClock.now >= end { kill(process, SIGKILL) }
            usleep(1000)
        }
    }

    private func failure(_ words: String) -> StorageError {
        StorageError(.undecryptable, "the command '\(arguments[0])', which was to print a key, \(words)")
    }
}

internal import ApusCore
internal import Glibc
internal import NIOCore
internal import NIOPosix
internal import Synchronization

/// The file of a Unix socket: made for this user alone, and taken away at the end.
struct SocketFile: Sendable {
    /// The file that was made; a later server may have put its own there.
    struct Identity: Sendable, Equatable {
        let device: dev_t
        let number: ino_t
    }

    let path: String

    /// Makes sure that binding takes nobody's place: the file of a server that has gone may be replaced, nothing else.
    ///
    /// - Throws: `bind` when a server listens there, or when nobody can say whether one does.
    func check(group: any EventLoopGroup) async throws(RuntimeFailure) {
        do {
            let channel = try await ClientBootstrap(group: group).connect(unixDomainSocketPath: path).get()
            try? await channel.close()
        } catch let error as IOError where [ECONNREFUSED, ENOENT].contains(error.errnoCode) {
            // There is no file, or one that was left behind. One that is no socket is refused by bind.
            return
        } catch {
            throw failure("nobody can say whether another server listens there", cause: error)
        }
        throw failure("another server listens there", cause: nil)
    }

    private func failure(_ reason: String, cause: (any Error)?) -> RuntimeFailure {
        RuntimeFailure(
            .bind,
            "can't listen on \(path): \(reason). Choose another path with --control-socket.",
            cause: cause
        )
    }

    /// What is there now.
    var identity: Identity? {
        var status = stat()
        guard unsafe lstat(path, &status) == 0 else { return nil }
        return Identity(device: status.st_dev, number: status.st_ino)
    }

    /// Takes the file away, if it is still the one that was made.
    func remove(_ made: Identity?) {
        guard let made, identity == made else { return }
        _ = unsafe unlink(path)
    }
}

/// The mask for new files, which is the process's: for as long as somebody makes a file that is theirs alone.
struct PrivateFiles: ~Copyable {
    private struct State {
        var holders = 0
        /// The mask that is put back by the last one.
        var mask: mode_t = 0
    }

    private static let state = Mutex(State())

    init() {
        PrivateFiles.state.withLock { state in
            if state.holders == 0 { state.mask = umask(0o177) }
            state.holders += 1
        }
    }

    deinit {
        PrivateFiles.state.withLock { state in
            state.holders -= 1
            if state.holders == 0 { _ = umask(state.mask) }
        }
    }
}

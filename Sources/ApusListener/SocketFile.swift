internal import ApusCore
internal import Glibc
internal import NIOCore
internal import NIOPosix

/// The file of a Unix socket: made for this user alone, and taken away at the end.
struct SocketFile: Sendable {
    let path: String

    /// Makes sure that binding takes nobody's place: the file of a server that has gone may be replaced, nothing else.
    ///
    /// - Throws: `bind` when a server listens there.
    func check(group: any EventLoopGroup) async throws(RuntimeFailure) {
        do {
            let channel = try await ClientBootstrap(group: group).connect(unixDomainSocketPath: path).get()
            try? await channel.close()
        } catch {
            // Nobody listens: there is no file, or one that was left behind. One that is no socket is refused by bind.
            return
        }
        throw RuntimeFailure(
            .bind,
            "can't listen on \(path): another server does. Choose another path with --control-socket."
        )
    }

    /// Has files that are made from now on belong to this user alone; the process's own mask, so for a moment only.
    func beginPrivate() -> mode_t {
        umask(0o177)
    }

    /// Ends `beginPrivate`.
    func endPrivate(_ before: mode_t) {
        _ = umask(before)
    }

    /// Takes the file away.
    func remove() {
        _ = unsafe unlink(path)
    }
}

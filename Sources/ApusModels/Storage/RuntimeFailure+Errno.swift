internal import ApusCore
internal import Glibc

extension RuntimeFailure {
    /// Says why the folder that was named as model repository can't be used.
    init(_ error: Errno, openingRepository path: String) {
        let message =
            switch error.number {
            case ENOENT: "model repository '\(path)' doesn't exist: create the folder or name another one"
            case ENOTDIR: "model repository '\(path)' is no folder: name the folder that holds the models' folders"
            case EACCES: "model repository '\(path)' can't be opened: user \(geteuid()) needs r and x on it"
            default: "model repository '\(path)' can't be opened: \(error.words)"
            }
        self.init(.repository, message, cause: error)
    }
}

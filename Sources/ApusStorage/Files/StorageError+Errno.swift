internal import CLinux
internal import Glibc

extension StorageError {
    /// Says why a system call failed, and what to do about it.
    ///
    /// - Parameters:
    ///   - number: The error number, for example `ENOENT`.
    ///   - verb: What was to be done, for example `opened`.
    ///   - path: To what.
    init(errno number: Int32, _ verb: String, _ path: String) {
        let failure = "'\(path)' can't be \(verb)"
        switch number {
        case ENOENT: self.init(.notFound, "\(failure): there is no such file or folder")
        case EEXIST: self.init(.conditionFailed, "\(failure): there is something of that name already")
        case ENOTEMPTY: self.init(.inUse, "\(failure): the folder isn't empty")
        case EACCES, EPERM:
            self.init(.system, "\(failure) by user \(geteuid()): folders need r, w and x for that user, files r and w")
        case EROFS: self.init(.system, "\(failure): the file system is mounted read-only")
        case ENOSPC: self.init(.system, "\(failure): the disk is full; make room or name another folder")
        case EDQUOT: self.init(.system, "\(failure): the disk quota of user \(geteuid()) is used up")
        case EFBIG: self.init(.system, "\(failure): it is larger than the file system or the limit (ulimit -f) allows")
        case EMFILE, ENFILE: self.init(.system, "\(failure): too many files are open; raise the limit (ulimit -n)")
        case ELOOP: self.init(.invalid, "\(failure): it is a symbolic link, which isn't followed; put a copy there")
        case ENOTDIR: self.init(.invalid, "\(failure): a part of the path is a file, where a folder was expected")
        case EISDIR: self.init(.invalid, "\(failure): it is a folder, where a file was expected")
        case ENAMETOOLONG: self.init(.invalid, "\(failure): a name in it is longer than the file system takes")
        case EXDEV: self.init(.system, "\(failure): it lies on another file system than its new place")
        case EIO: self.init(.system, "\(failure): the disk reports an error; look at the system's log (dmesg)")
        default: self.init(.system, "\(failure): \(unsafe String(cString: CLinux_errorText(number)))")
        }
    }
}

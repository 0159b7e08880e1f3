// Linux calls that Swift can't make by itself: variadic, behind a macro, or missing from the C library's module.
//
// Failures come back as the C library reports them: -1 and errno, or an error number. What needs `_GNU_SOURCE` stands in
// CLinux.c: defined in a header, it would make other C types than the ones in Swift's Glibc module.

#ifndef CLINUX_H
#define CLINUX_H

#include <dirent.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

// MARK: - Files beneath a folder

/// Opens `path`, relative to the descriptor `folder`, in such a way that nothing outside the folder can be reached:
/// not by `..`, not by an absolute path, not by a symbolic link, not by a magic link of /proc.
///
/// Fails with EXDEV when the path leads out. Symbolic links that stay inside are followed, except where openat2 isn't
/// to be had (old kernels, seccomp filters, gVisor): there no link is.
int CLinux_openBeneath(int folder, const char *path, int flags);

/// Opens `path` one component at a time and follows no symbolic link at all.
///
/// What `CLinux_openBeneath` does on kernels and in sandboxes without openat2. Fails with EXDEV for an absolute path, an
/// empty one and one with `..`; with ELOOP or ENOTDIR for a symbolic link.
int CLinux_openWithoutLinks(int folder, const char *path, int flags);

/// The flag O_PATH, which Glibc's module hides: opens without the right to read, to look or to descend.
int CLinux_pathOnly(void);

/// The system's words for an error number; valid until the same thread asks again.
const char *CLinux_errorText(int error);

/// What kind of thing an entry or a file is.
enum CLinux_FileKind {
    CLinux_isFile,
    CLinux_isFolder,
    CLinux_isLink,
    CLinux_isOther,
};

/// The name of an entry; valid until the next `readdir` on the same stream.
static inline const char *CLinux_entryName(const struct dirent *entry) { return entry->d_name; }

/// What an open file is.
struct CLinux_Status {
    /// 0, or the error number when the file could not be asked.
    int error;
    enum CLinux_FileKind kind;
    int64_t byteCount;
    uint64_t linkCount;
    /// When its bytes, or its names for a folder, were last changed, in nanoseconds since 1970.
    int64_t modified;
    /// The system's number for it, which no other file of the same file system has while it is there.
    uint64_t number;
};

/// Asks an open file what it is.
struct CLinux_Status CLinux_status(int descriptor);

/// Asks what lies in an open folder under a name; a symbolic link isn't followed.
struct CLinux_Status CLinux_statusAt(int folder, const char *name);

/// Gives something another name, unless that one is taken: EEXIST then. Fails with EINVAL or ENOSYS where the file system or
/// the kernel can't do it in one step.
int CLinux_renameExclusively(const char *path, const char *newPath);

/// Locks an open file against other openings of it, in any process; the lock ends when the file is closed.
///
/// - `isShared`: others may have it too, shared as well.
/// - `waits`: until it is free; otherwise the call fails with EWOULDBLOCK.
int CLinux_lockFile(int descriptor, bool isShared, bool waits);

/// Makes a file that lies in memory only and has no name that anybody could open; -1 and errno on failure.
int CLinux_makeMemoryFile(const char *name);

/// Keeps a file in memory from being changed any more, by anybody.
int CLinux_sealMemoryFile(int descriptor);

/// Makes a pipe whose ends no other program inherits; 0, or an error number.
int CLinux_makePipe(int *readEnd, int *writeEnd);

// MARK: - Threads

/// Starts a thread that takes no signals, except those that report its own faults.
///
/// - `joinable`: receives the thread, for `pthread_join`; NULL makes a detached one.
/// - `name`: shown by `top -H`; cut to 15 bytes.
/// - `lowPriority`: as by `CLinux_lowerPriority`.
///
/// Returns 0 or an error number; when it isn't 0, `body` never runs.
int CLinux_startThread(
    pthread_t *joinable, const char *name, bool lowPriority, void (*body)(void *), void *context);

/// Lets the calling thread, and those that it makes, have the processor time that others leave over.
void CLinux_lowerPriority(void);

/// Makes the calling thread one that computes in bulk (SCHED_BATCH): it doesn't preempt others when it wakes up.
///
/// Returns 0 or an error number; a thread that can't is as it was.
int CLinux_becomeBatchThread(void);

/// Makes a counting semaphore that is a descriptor: close it when done.
int CLinux_makeSemaphore(void);

/// Adds one to a semaphore.
void CLinux_signalSemaphore(int semaphore);

/// Waits until a semaphore is above zero and takes one off.
void CLinux_waitForSemaphore(int semaphore);

/// What a thread has used so far.
struct CLinux_ThreadUsage {
    /// Processor time in nanoseconds.
    int64_t processorNanoseconds;
    /// How often it gave up its processor of its own will, to wait.
    int64_t voluntarySwitches;
};

/// Asks for the usage of the calling thread.
struct CLinux_ThreadUsage CLinux_threadUsage(void);

// MARK: - The process

/// Raises the limit on open files to the highest that the system allows; returns what it is afterwards, -1 on failure.
int64_t CLinux_raiseFileLimit(void);

/// Has a write to a connection that the other side closed fail with EPIPE instead of ending the process.
int CLinux_ignoreSIGPIPE(void);

/// Bounds the number of arenas that malloc spreads threads over; false where the C library has no such knob.
bool CLinux_setMallocArenas(int count);

/// Gives freed memory back to the system; false when there was none to give.
bool CLinux_trimHeap(void);

/// Lets go of the pages of all mapped code: files mapped for reading and executing, which nothing ever writes to. What is
/// needed again comes back from the page cache.
void CLinux_releaseCode(void);

/// The number of processors that this process may run on; 0 when the system doesn't say.
int CLinux_allowedProcessorCount(void);

#endif

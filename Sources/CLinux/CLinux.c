#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <malloc.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

// MARK: - Files beneath a folder

/// The kernel's `struct open_how`; written out because <linux/openat2.h> is newer than some C libraries.
struct openHow {
    uint64_t flags;
    uint64_t mode;
    uint64_t resolve;
};

int CLinux_openWithoutLinks(int folder, const char *path, int flags) {
    if (path[0] == '\0' || path[0] == '/') {
        errno = EXDEV;
        return -1;
    }
    int current = folder;
    while (true) {
        size_t length = strcspn(path, "/");
        char component[NAME_MAX + 1];
        if (length > NAME_MAX) {
            errno = ENAMETOOLONG;
        } else if (length == 0 || (length == 2 && path[0] == '.' && path[1] == '.')) {
            errno = EXDEV;
        } else {
            memcpy(component, path, length);
            component[length] = '\0';
            path += length;
            while (*path == '/') path++;
            bool isLast = *path == '\0';
            int step = isLast ? flags : O_PATH | O_DIRECTORY;
            int next = openat(current, component, step | O_NOFOLLOW | O_CLOEXEC);
            int error = errno;
            if (current != folder) close(current);
            errno = error;
            // O_PATH with O_NOFOLLOW opens the link itself, which is the one thing not wanted here.
            struct stat status;
            if (next >= 0 && isLast && (flags & O_PATH) && fstat(next, &status) == 0 && S_ISLNK(status.st_mode)) {
                close(next);
                errno = ELOOP;
                return -1;
            }
            if (next < 0 || isLast) return next;
            current = next;
            continue;
        }
        int error = errno;
        if (current != folder) close(current);
        errno = error;
        return -1;
    }
}

int CLinux_openBeneath(int folder, const char *path, int flags) {
#ifdef SYS_openat2
    const long number = SYS_openat2;
#else
    const long number = 437;
#endif
    const uint64_t noMagicLinks = 0x02, beneath = 0x08;
    struct openHow how = {
        .flags = (uint64_t)(unsigned int)(flags | O_CLOEXEC), .mode = 0, .resolve = noMagicLinks | beneath};
    // EAGAIN: somebody renamed a folder on the way, so the kernel could not be sure.
    for (int attempt = 0; attempt < 8; attempt++) {
        long descriptor = syscall(number, folder, path, &how, sizeof how);
        if (descriptor >= 0) return (int)descriptor;
        if (errno == ENOSYS || errno == EPERM) return CLinux_openWithoutLinks(folder, path, flags);
        if (errno != EAGAIN && errno != EINTR) return -1;
    }
    return -1;
}

int CLinux_pathOnly(void) { return O_PATH; }

int CLinux_renameExclusively(const char *path, const char *newPath) {
#ifdef SYS_renameat2
    const unsigned int noReplace = 1;
    return (int)syscall(SYS_renameat2, AT_FDCWD, path, AT_FDCWD, newPath, noReplace);
#else
    (void)path;
    (void)newPath;
    errno = ENOSYS;
    return -1;
#endif
}

int CLinux_lockFile(int descriptor, bool isShared, bool waits) {
    while (true) {
        int result = flock(descriptor, (isShared ? LOCK_SH : LOCK_EX) | (waits ? 0 : LOCK_NB));
        if (result == 0 || errno != EINTR) return result;
    }
}

int CLinux_makeMemoryFile(const char *name) { return memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING); }

int CLinux_makePipe(int *readEnd, int *writeEnd) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return errno;
    }
    *readEnd = ends[0];
    *writeEnd = ends[1];
    return 0;
}

int CLinux_sealMemoryFile(int descriptor) {
    return fcntl(descriptor, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL);
}

const char *CLinux_errorText(int error) {
    static _Thread_local char buffer[128];
#if defined(__GLIBC__)
    return strerror_r(error, buffer, sizeof buffer);
#else
    strerror_r(error, buffer, sizeof buffer);
    return buffer;
#endif
}

static struct CLinux_Status statusOf(int error, const struct stat *status) {
    struct CLinux_Status result = {.error = error, .kind = CLinux_isOther};
    if (error != 0) return result;
    if (S_ISREG(status->st_mode)) result.kind = CLinux_isFile;
    if (S_ISDIR(status->st_mode)) result.kind = CLinux_isFolder;
    if (S_ISLNK(status->st_mode)) result.kind = CLinux_isLink;
    result.byteCount = status->st_size;
    result.linkCount = status->st_nlink;
    result.modified = (int64_t)status->st_mtim.tv_sec * 1000000000 + status->st_mtim.tv_nsec;
    result.number = status->st_ino;
    return result;
}

struct CLinux_Status CLinux_status(int descriptor) {
    struct stat status;
    int error = fstat(descriptor, &status) == 0 ? 0 : errno;
    return statusOf(error, &status);
}

struct CLinux_Status CLinux_statusAt(int folder, const char *name) {
    struct stat status;
    int error = fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0 ? 0 : errno;
    return statusOf(error, &status);
}

// MARK: - Threads

/// What a new thread needs to know; freed by the thread.
struct ThreadStart {
    char name[16];
    bool lowPriority;
    void (*body)(void *);
    void *context;
};

// On Linux niceness belongs to a thread. Niceness says how much a thread gets, not when: since 6.6 whoever runs may finish most
// of a slice of some milliseconds before it is interrupted, however nice. A thread with a longer slice than the one that
// wakes up is interrupted at once (from 6.12 on; before, the kernel takes no notice of the slice).
void CLinux_lowerPriority(void) {
    struct {
        uint32_t size, policy;
        uint64_t flags;
        int32_t nice;
        uint32_t priority;
        uint64_t runtime, deadline, period;
    } attributes = {.size = 48, .policy = SCHED_OTHER, .runtime = 100 * 1000 * 1000};
    // Ten more than the process was started with, however often a thread asks for it.
    int nice = getpriority(PRIO_PROCESS, (id_t)getpid()) + 10;
    attributes.nice = nice > 19 ? 19 : nice;
    if (syscall(SYS_sched_setattr, 0, &attributes, 0) == 0) return;
    setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), attributes.nice);
}

/// A new thread's first function.
static void *threadMain(void *argument) {
    struct ThreadStart start = *(struct ThreadStart *)argument;
    free(argument);
    pthread_setname_np(pthread_self(), start.name);
    if (start.lowPriority) CLinux_lowerPriority();
    start.body(start.context);
    return NULL;
}

int CLinux_startThread(
    pthread_t *joinable, const char *name, bool lowPriority, void (*body)(void *), void *context) {
    struct ThreadStart *start = (struct ThreadStart *)calloc(1, sizeof *start);
    if (start == NULL) return ENOMEM;
    strncpy(start->name, name, sizeof start->name - 1);
    start->lowPriority = lowPriority;
    start->body = body;
    start->context = context;

    sigset_t blocked, before;
    sigfillset(&blocked);
    const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS};
    for (size_t index = 0; index < sizeof faults / sizeof faults[0]; index++) sigdelset(&blocked, faults[index]);

    pthread_attr_t attributes;
    int error = pthread_attr_init(&attributes);
    if (error == 0) {
        if (joinable == NULL) pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
        pthread_sigmask(SIG_SETMASK, &blocked, &before);
        pthread_t thread;
        error = pthread_create(&thread, &attributes, threadMain, start);
        pthread_sigmask(SIG_SETMASK, &before, NULL);
        pthread_attr_destroy(&attributes);
        if (error == 0 && joinable != NULL) *joinable = thread;
    }
    if (error != 0) free(start);
    return error;
}

int CLinux_becomeBatchThread(void) {
    const struct sched_param parameters = {0};
    return sched_setscheduler(0, SCHED_BATCH, &parameters) == 0 ? 0 : errno;
}

int CLinux_makeSemaphore(void) { return eventfd(0, EFD_CLOEXEC | EFD_SEMAPHORE); }

void CLinux_signalSemaphore(int semaphore) {
    uint64_t one = 1;
    while (write(semaphore, &one, sizeof one) < 0 && errno == EINTR) {
    }
}

void CLinux_waitForSemaphore(int semaphore) {
    uint64_t one;
    while (read(semaphore, &one, sizeof one) < 0 && errno == EINTR) {
    }
}

// MARK: - The process

int64_t CLinux_raiseFileLimit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return -1;
    rlim_t before = limit.rlim_cur;
    limit.rlim_cur = limit.rlim_max;
    rlim_t now = setrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_max : before;
    return now > (rlim_t)INT64_MAX ? INT64_MAX : (int64_t)now;
}

int CLinux_ignoreSIGPIPE(void) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = SIG_IGN;
    return sigaction(SIGPIPE, &action, NULL);
}

bool CLinux_setMallocArenas(int count) {
#if defined(__GLIBC__)
    return mallopt(M_ARENA_MAX, count) == 1;
#else
    (void)count;
    return false;
#endif
}

bool CLinux_trimHeap(void) {
#if defined(__GLIBC__)
    return malloc_trim(0) == 1;
#else
    return false;
#endif
}

int CLinux_allowedProcessorCount(void) {
    // 8,192 processors at first: sched_getaffinity fails with EINVAL when the kernel's own mask is wider.
    for (int processors = 8192; processors <= 1 << 20; processors *= 2) {
        cpu_set_t *set = CPU_ALLOC(processors);
        if (set == NULL) return 0;
        size_t size = CPU_ALLOC_SIZE(processors);
        int result = sched_getaffinity(0, size, set);
        int error = errno;
        int count = result == 0 ? CPU_COUNT_S(size, set) : 0;
        CPU_FREE(set);
        if (result == 0) return count;
        if (error != EINVAL) return 0;
    }
    return 0;
}

struct CLinux_ThreadUsage CLinux_threadUsage(void) {
    struct CLinux_ThreadUsage usage = {0, 0};
    struct timespec time;
    struct rusage resources;
    if (clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time) == 0) {
        usage.processorNanoseconds = (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
    }
    if (getrusage(RUSAGE_THREAD, &resources) == 0) {
        usage.voluntarySwitches = resources.ru_nvcsw;
    }
    return usage;
}

void CLinux_releaseCode(void) {
    FILE *maps = fopen("/proc/self/maps", "re");
    if (maps == NULL) {
        return;
    }
    char line[PATH_MAX + 128];
    while (fgets(line, sizeof line, maps) != NULL) {
        unsigned long start = 0;
        unsigned long end = 0;
        char permissions[5] = "";
        char path[2] = "";
        int fields = sscanf(line, "%lx-%lx %4s %*s %*s %*s %1s", &start, &end, permissions, path);
        if (fields == 4 && strcmp(permissions, "r-xp") == 0 && path[0] == '/') {
            (void)madvise((void *)start, end - start, MADV_DONTNEED);
        }
    }
    fclose(maps);
}

/* Preloaded: lets one call that changes the disk fail, fall short, or be the last one of the
   process; and can write down what is done, so that a power cut can be acted out. Only what
   happens below one folder counts. Not for threads that write at once. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

enum { COUNT, KILL, TORN, FULL, BROKEN };

static char root[PATH_MAX];
static size_t root_length;
static long at = -1, calls;
static int kind, sick, log_fd = -1;

/* What the tests call. */
void shim_arm(const char *folder, long call, int what, int log) {
    snprintf(root, sizeof root, "%s", folder);
    root_length = strlen(root);
    at = call, kind = what, calls = 0, sick = 0, log_fd = log;
}
long shim_disarm(void) { root_length = 0; return calls; }

static int below(const char *path) {
    return root_length && !strncmp(path, root, root_length) &&
           (path[root_length] == '/' || !path[root_length]);
}

static int name_of(int fd, char *out) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t got = readlink(link, out, PATH_MAX - 1);
    if (got < 0) return 0;
    out[got] = 0;
    return 1;
}

static int full_name(int dir, const char *path, char *out) {
    char base[PATH_MAX];
    if (path[0] == '/') { snprintf(out, PATH_MAX, "%s", path); return 1; }
    if (dir == AT_FDCWD) { if (!getcwd(base, sizeof base)) return 0; }
    else if (!name_of(dir, base)) return 0;
    return snprintf(out, PATH_MAX, "%s/%s", base, path) < PATH_MAX;
}

/* A line of the log: what, path, second path or offset, length; then the bytes. */
static void note(const char *what, const char *path, const char *more, const void *data,
                 size_t length) {
    if (log_fd < 0) return;
    char head[3 * PATH_MAX];
    int n = snprintf(head, sizeof head, "%s\t%s\t%s\t%zu\n", what, path, more, length);
    syscall(SYS_write, log_fd, head, n);
    if (length) syscall(SYS_write, log_fd, data, length);
}

/* 0: go on; 1: fall short by half, then as below; -1: fail with errno set. */
static int turn(void) {
    long call = calls++;
    if (sick) { errno = sick; return -1; }
    if (call != at) return 0;
    switch (kind) {
    case KILL: kill(getpid(), SIGKILL); return 0;
    case TORN: return 1;
    case FULL: sick = ENOSPC; return 1;
    case BROKEN: errno = EIO; return -1;
    }
    return 0;
}

#define REAL(name, result, ...) \
    static result (*real)(__VA_ARGS__); \
    if (!real) real = (result(*)(__VA_ARGS__))dlsym(RTLD_NEXT, #name)

#define NAMED(fd) \
    char path[PATH_MAX]; \
    int ours = root_length && name_of(fd, path) && below(path)

static int short_of(int what, size_t *length) {
    if (what != 1) return what;
    *length /= 2;
    if (*length) return 0;
    if (kind == TORN) kill(getpid(), SIGKILL);
    errno = sick;
    return -1;
}

ssize_t write(int fd, const void *data, size_t length) {
    REAL(write, ssize_t, int, const void *, size_t);
    NAMED(fd);
    if (!ours) return real(fd, data, length);
    char where[32];
    snprintf(where, sizeof where, "%lld", (long long)lseek(fd, 0, SEEK_CUR));
    if (short_of(turn(), &length)) return -1;
    note("write", path, where, data, length);
    ssize_t done = real(fd, data, length);
    if (at == calls - 1 && kind == TORN) kill(getpid(), SIGKILL);
    return done;
}

static ssize_t put_at(ssize_t (*real)(int, const void *, size_t, off_t), int fd,
                      const void *data, size_t length, off_t offset) {
    NAMED(fd);
    if (!ours) return real(fd, data, length, offset);
    char where[32];
    snprintf(where, sizeof where, "%lld", (long long)offset);
    if (short_of(turn(), &length)) return -1;
    note("write", path, where, data, length);
    ssize_t done = real(fd, data, length, offset);
    if (at == calls - 1 && kind == TORN) kill(getpid(), SIGKILL);
    return done;
}
ssize_t pwrite(int fd, const void *data, size_t length, off_t offset) {
    REAL(pwrite, ssize_t, int, const void *, size_t, off_t);
    return put_at(real, fd, data, length, offset);
}
ssize_t pwrite64(int fd, const void *data, size_t length, off_t offset) {
    REAL(pwrite64, ssize_t, int, const void *, size_t, off_t);
    return put_at(real, fd, data, length, offset);
}

#define WHOLE(what) do { \
    int told = turn(); \
    if (told == 1 && kind == TORN) kill(getpid(), SIGKILL); \
    if (told == 1) errno = sick; \
    if (told) return -1; \
} while (0)

#define SYNC(name) \
    int name(int fd) { \
        REAL(name, int, int); \
        NAMED(fd); \
        if (ours) { WHOLE(#name); note("sync", path, "", "", 0); } \
        return real(fd); \
    }
SYNC(fsync)
SYNC(fdatasync)

#define TRUNCATE(name) \
    int name(int fd, off_t length) { \
        REAL(name, int, int, off_t); \
        NAMED(fd); \
        if (ours) { \
            char where[32]; \
            snprintf(where, sizeof where, "%lld", (long long)length); \
            WHOLE(#name); \
            note("truncate", path, where, "", 0); \
        } \
        return real(fd, length); \
    }
TRUNCATE(ftruncate)
TRUNCATE(ftruncate64)

int renameat(int from_dir, const char *from, int to_dir, const char *to) {
    REAL(renameat, int, int, const char *, int, const char *);
    char old[PATH_MAX], new[PATH_MAX];
    if (full_name(from_dir, from, old) && full_name(to_dir, to, new) && below(new)) {
        WHOLE("rename");
        note("rename", old, new, "", 0);
    }
    return real(from_dir, from, to_dir, to);
}
int rename(const char *from, const char *to) { return renameat(AT_FDCWD, from, AT_FDCWD, to); }

int unlinkat(int dir, const char *name, int flags) {
    REAL(unlinkat, int, int, const char *, int);
    char path[PATH_MAX];
    if (full_name(dir, name, path) && below(path)) {
        WHOLE("unlink");
        note(flags & AT_REMOVEDIR ? "rmdir" : "unlink", path, "", "", 0);
    }
    return real(dir, name, flags);
}
int unlink(const char *path) { return unlinkat(AT_FDCWD, path, 0); }
int rmdir(const char *path) { return unlinkat(AT_FDCWD, path, AT_REMOVEDIR); }

int mkdirat(int dir, const char *name, mode_t mode) {
    REAL(mkdirat, int, int, const char *, mode_t);
    char path[PATH_MAX];
    if (full_name(dir, name, path) && below(path)) {
        WHOLE("mkdir");
        note("mkdir", path, "", "", 0);
    }
    return real(dir, name, mode);
}
int mkdir(const char *path, mode_t mode) { return mkdirat(AT_FDCWD, path, mode); }

/* Only what makes or empties a file changes the disk. */
#define OPEN(name) \
    int name##at(int dir, const char *file, int flags, ...) { \
        REAL(name##at, int, int, const char *, int, ...); \
        va_list rest; \
        va_start(rest, flags); \
        mode_t mode = flags & O_CREAT ? va_arg(rest, mode_t) : 0; \
        va_end(rest); \
        char path[PATH_MAX]; \
        struct stat there; \
        if (flags & (O_CREAT | O_TRUNC) && full_name(dir, file, path) && below(path)) { \
            int fresh = flags & O_CREAT && lstat(path, &there); \
            if (fresh || flags & O_TRUNC) { \
                WHOLE("open"); \
                note(fresh ? "create" : "truncate", path, "0", "", 0); \
            } \
        } \
        return real(dir, file, flags, mode); \
    } \
    int name(const char *file, int flags, ...) { \
        va_list rest; \
        va_start(rest, flags); \
        mode_t mode = flags & O_CREAT ? va_arg(rest, mode_t) : 0; \
        va_end(rest); \
        return name##at(AT_FDCWD, file, flags, mode); \
    }
OPEN(open)

int openat64(int dir, const char *file, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    mode_t mode = flags & O_CREAT ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    return openat(dir, file, flags, mode);
}
int open64(const char *file, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    mode_t mode = flags & O_CREAT ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    return openat(AT_FDCWD, file, flags, mode);
}

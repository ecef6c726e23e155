/* A disk that is full while the file named by STUDYROUTE_TEST_DISK_FULL is there: what lies on it may be written over, but no file
 * grows. Loaded before PostgreSQL (LD_PRELOAD), whose data files and log are written by these calls.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

/* Whether there is no room for a file that is to reach so far. */
static int is_full(int fd, off64_t end) {
    const char *sign = getenv("STUDYROUTE_TEST_DISK_FULL");
    struct stat64 file;
    if (!sign || access(sign, F_OK) || fstat64(fd, &file) || !S_ISREG(file.st_mode)) return 0;
    return end > file.st_size;
}

static size_t length(const struct iovec *parts, int count) {
    size_t bytes = 0;
    for (int i = 0; i < count; i++) bytes += parts[i].iov_len;
    return bytes;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define FULL(fd, end) if (is_full(fd, end)) return errno = ENOSPC, -1

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t at) {
    FULL(fd, at + (off64_t)count);
    return REAL(pwrite64)(fd, bytes, count, at);
}

ssize_t pwrite(int fd, const void *bytes, size_t count, off_t at) {
    return pwrite64(fd, bytes, count, at);
}

ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t at) {
    FULL(fd, at + (off64_t)length(parts, count));
    return REAL(pwritev64)(fd, parts, count, at);
}

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t at) {
    return pwritev64(fd, parts, count, at);
}

int posix_fallocate64(int fd, off64_t at, off64_t bytes) {
    /* This one tells its error as it is. */
    return is_full(fd, at + bytes) ? ENOSPC : REAL(posix_fallocate64)(fd, at, bytes);
}

int posix_fallocate(int fd, off_t at, off_t bytes) {
    return posix_fallocate64(fd, at, bytes);
}

int ftruncate64(int fd, off64_t bytes) {
    FULL(fd, bytes);
    return REAL(ftruncate64)(fd, bytes);
}

int ftruncate(int fd, off_t bytes) {
    return ftruncate64(fd, bytes);
}

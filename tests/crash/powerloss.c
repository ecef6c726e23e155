/* Stands between the program and its disk (LD_PRELOAD), for one folder.
 *
 * Keeps a second copy of that folder, the platter: what would be there after a power cut. Written blocks go to the platter
 * when their file is synced, and not before; names go there when the folder is synced. A sync that is under way when the
 * process is killed has moved some of its blocks and not others, as a disk would. Files are known by their inode; whoever
 * arranges the power cut puts names and contents together again.
 *
 * Files in the state folder are switches:
 *   pretend  a sync says that it is done and does nothing
 *   eio      a sync fails, and as on Linux the next one knows nothing of the blocks that this one did not write
 *   full     the disk is full: a long write is done by half, a short one not at all
 *   hang     the next sync of the database's file never ends: the file `hanging` appears
 * Every sync adds the last letter of the file's name to the file `syncs`. Memory-mapped writes are not seen: only SQLite's -shm is mapped, and it is not
 * meant to survive.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BLOCK = 4096, BLOCKS = 1 << 16, FILES = 64 };

static struct { ino_t ino; unsigned char *dirty; } files[FILES];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const char *data, *state;
static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_pwrite64)(int, const void *, size_t, off64_t);
static int (*real_ftruncate64)(int, off64_t);
static int (*real_fsync)(int);
static int (*real_unlink)(const char *);

__attribute__((constructor)) static void begin(void) {
    data = getenv("STUDYROUTE_TEST_SHIM_DATA");
    state = getenv("STUDYROUTE_TEST_SHIM_STATE");
    real_write = dlsym(RTLD_NEXT, "write");
    real_pwrite64 = dlsym(RTLD_NEXT, "pwrite64");
    real_ftruncate64 = dlsym(RTLD_NEXT, "ftruncate64");
    real_fsync = dlsym(RTLD_NEXT, "fsync");
    real_unlink = dlsym(RTLD_NEXT, "unlink");
    if (!data || !state) abort();
}

static int is_on(const char *name) {
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", state, name);
    return access(path, F_OK) == 0;
}

/* 1: a file in the folder, 2: the folder itself, 0: something else. */
static int kind_named(int fd, char *last) {
    char link[64], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof path - 1);
    size_t length = strlen(data);
    if (n < (ssize_t)length) return 0;
    path[n] = 0;
    if (strncmp(path, data, length)) return 0;
    if (strlen(path) >= 4 && !strcmp(path + strlen(path) - 4, "-shm")) return 0;
    *last = path[strlen(path) - 1];
    return path[length] == '/' ? 1 : path[length] == 0 ? 2 : 0;
}
static int kind(int fd) { return kind_named(fd, &(char){0}); }

static unsigned char *dirty_of(ino_t ino) {
    for (int i = 0; i < FILES; i++) {
        if (files[i].ino == ino) return files[i].dirty;
        if (!files[i].ino) {
            files[i].ino = ino;
            return files[i].dirty = calloc(BLOCKS, 1);
        }
    }
    abort();
}

static void mark(int fd, off64_t from, ssize_t length) {
    struct stat s;
    if (fstat(fd, &s) || (from + length) / BLOCK >= BLOCKS) abort();
    pthread_mutex_lock(&lock);
    unsigned char *dirty = dirty_of(s.st_ino);
    for (off64_t b = from / BLOCK; b <= (from + length - 1) / BLOCK; b++) dirty[b] = 1;
    pthread_mutex_unlock(&lock);
}

static ssize_t put(int fd, const void *bytes, size_t length, off64_t at) {
    int mine = kind(fd) == 1;
    if (mine && is_on("full")) {
        if (length < BLOCK) return errno = ENOSPC, -1;
        length /= 2;
    }
    off64_t from = mine && at < 0 ? lseek64(fd, 0, SEEK_CUR) : at;
    ssize_t done = at < 0 ? real_write(fd, bytes, length) : real_pwrite64(fd, bytes, length, at);
    if (mine && done > 0) mark(fd, from, done);
    return done;
}

ssize_t write(int fd, const void *bytes, size_t length) { return put(fd, bytes, length, -1); }
ssize_t pwrite(int fd, const void *bytes, size_t length, off_t at) { return put(fd, bytes, length, at); }
ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t at) { return put(fd, bytes, length, at); }

/* The platter keeps the old length until the file is synced. What is cut off is no longer there to be written. */
int ftruncate64(int fd, off64_t length) {
    struct stat s;
    if (kind(fd) == 1 && !fstat(fd, &s)) {
        pthread_mutex_lock(&lock);
        unsigned char *dirty = dirty_of(s.st_ino);
        for (off64_t b = (length + BLOCK - 1) / BLOCK; b < BLOCKS; b++) dirty[b] = 0;
        pthread_mutex_unlock(&lock);
    }
    return real_ftruncate64(fd, length);
}
int ftruncate(int fd, off_t length) { return ftruncate64(fd, length); }

/* The link keeps the inode's number from being given to another file. */
int unlink(const char *path) {
    struct stat s;
    char kept[PATH_MAX];
    if (!strncmp(path, data, strlen(data)) && !stat(path, &s)) {
        snprintf(kept, sizeof kept, "%s/kept.%lu", state, (unsigned long)s.st_ino);
        if (link(path, kept) && errno != EEXIST) abort();
    }
    return real_unlink(path);
}

static void sync_file(int fd) {
    struct stat s;
    char path[PATH_MAX], block[BLOCK];
    if (fstat(fd, &s)) abort();
    snprintf(path, sizeof path, "%s/ino.%lu", state, (unsigned long)s.st_ino);
    int platter = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (platter < 0) abort();
    unsigned char *dirty = dirty_of(s.st_ino);
    for (off64_t b = 0; b * BLOCK < s.st_size; b++) {
        if (!dirty[b]) continue;
        ssize_t n = pread64(fd, block, BLOCK, b * BLOCK);
        if (n < 0 || real_pwrite64(platter, block, n, b * BLOCK) != n) abort();
        dirty[b] = 0;
    }
    if (real_ftruncate64(platter, s.st_size)) abort();
    close(platter);
}

static void sync_names(void) {
    char beside[PATH_MAX], names[PATH_MAX];
    snprintf(beside, sizeof beside, "%s/names.part", state);
    snprintf(names, sizeof names, "%s/names", state);
    FILE *out = fopen(beside, "we");
    DIR *folder = opendir(data);
    if (!out || !folder) abort();
    for (struct dirent *entry; (entry = readdir(folder));)
        if (entry->d_name[0] != '.') fprintf(out, "%lu %s\n", (unsigned long)entry->d_ino, entry->d_name);
    closedir(folder);
    if (fclose(out) || rename(beside, names)) abort();
}

static void count(char last) {
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/syncs", state);
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0 || real_write(fd, &last, 1) != 1) abort();
    close(fd);
}

static void hang(void) {
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/hanging", state);
    close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    for (;;) pause();
}

int fsync(int fd) {
    char last;
    int what = kind_named(fd, &last);
    struct stat s;
    if (!what) return real_fsync(fd);
    count(last);
    if (last == 'b' && is_on("hang")) hang();
    if (is_on("pretend")) return 0;
    int fails = is_on("eio");
    pthread_mutex_lock(&lock);
    if (fails && !fstat(fd, &s)) memset(dirty_of(s.st_ino), 0, BLOCKS);
    else if (what == 2) sync_names();
    else sync_file(fd);
    pthread_mutex_unlock(&lock);
    return fails ? (errno = EIO, -1) : 0;
}
int fdatasync(int fd) { return fsync(fd); }

/*
 * The head of the AppImage: unpacks the squashfs image behind itself, once, and becomes the program in it.
 *
 * The image is unpacked beside where it will be and put in place by one rename, so that two first starts at once do not meet
 * and a start that was cut short leaves nothing that looks whole. A running program holds a shared lock on its folder (the
 * descriptor outlives exec); folders of other versions that nobody holds are removed when a new one is unpacked.
 *
 * appimage.py compiles it with RELEASE, which names the folder and changes with every byte of the image.
 */

#define _GNU_SOURCE
#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <squashfuse/squashfuse.h>

#define NAME "copilot-api"
#define PREFIX "appimage-"
#define UNFINISHED ".new-"

/*
 * libsquashfuse can read five compressions. Ours is zstd (zlib for small things); the others are refused here instead of
 * linked, lzo because its licence (GPL) would become this program's.
 */
int lzo1x_decompress_safe(const unsigned char *in, size_t in_size, unsigned char *out, size_t *out_size, void *memory) {
    (void)in, (void)in_size, (void)out, (void)out_size, (void)memory;
    return -1;
}

int LZ4_decompress_safe(const char *in, char *out, int in_size, int out_size) {
    (void)in, (void)out, (void)in_size, (void)out_size;
    return -1;
}

int lzma_stream_buffer_decode(void) { return -1; }

static int fail(const char *message, const char *subject) {
    fprintf(stderr, "error: %s %s: %s\n", message, subject, strerror(errno));
    return -1;
}

/* Where this program ends and its image begins: behind the section headers, which the linker writes last. */
static size_t image_offset(const char *self) {
    Elf64_Ehdr head;
    int file = open(self, O_RDONLY | O_CLOEXEC);
    size_t end = 0;
    if (file >= 0 && read(file, &head, sizeof head) == (ssize_t)sizeof head)
        end = head.e_shoff + (size_t)head.e_shentsize * head.e_shnum;
    if (file >= 0) close(file);
    return end;
}

static int write_file(sqfs *image, sqfs_inode *inode, const char *path) {
    static char block[1 << 17];
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, inode->base.mode & 0755);
    uint64_t done = 0;
    if (file < 0) return fail("cannot write", path);
    while (done < inode->xtra.reg.file_size) {
        sqfs_off_t got = sizeof block;
        if (sqfs_read_range(image, inode, (sqfs_off_t)done, &got, block) != SQFS_OK || got <= 0) {
            errno = EBADMSG;
            break;
        }
        if (write(file, block, (size_t)got) != (ssize_t)got) break;
        done += (uint64_t)got;
    }
    int broken = done < inode->xtra.reg.file_size;
    if (broken) fail("cannot write", path);
    if (close(file) != 0 && !broken) return fail("cannot write", path);
    return broken ? -1 : 0;
}

static int write_link(sqfs *image, sqfs_inode *inode, const char *path) {
    char target[PATH_MAX];
    size_t size = sizeof target;
    if (sqfs_readlink(image, inode, target, &size) != SQFS_OK) return fail("cannot read", path);
    return symlink(target, path) == 0 ? 0 : fail("cannot write", path);
}

/* Writes all of the image into the folder `into`, which is there and empty. */
static int unpack(const char *self, const char *into) {
    sqfs image;
    sqfs_traverse walk;
    sqfs_err problem = SQFS_OK;
    int result = 0;
    if (sqfs_open_image(&image, self, image_offset(self)) != SQFS_OK) return -1;
    if (sqfs_traverse_open(&walk, &image, sqfs_inode_root(&image)) != SQFS_OK) result = -1;
    while (result == 0 && sqfs_traverse_next(&walk, &problem)) {
        char path[PATH_MAX];
        sqfs_inode inode;
        if (walk.dir_end) continue;
        if (snprintf(path, sizeof path, "%s/%s", into, walk.path) >= (int)sizeof path) errno = ENAMETOOLONG, result = -1;
        else if (sqfs_inode_get(&image, &inode, walk.entry.inode) != SQFS_OK) result = -1;
        else if (S_ISDIR(inode.base.mode)) result = mkdir(path, 0755) == 0 ? 0 : fail("cannot make", path);
        else if (S_ISLNK(inode.base.mode)) result = write_link(&image, &inode, path);
        else result = write_file(&image, &inode, path);
    }
    if (problem != SQFS_OK) result = -1;
    sqfs_traverse_close(&walk);
    sqfs_fd_close(image.fd);
    sqfs_destroy(&image);
    return result;
}

static int remove_one(const char *path, const struct stat *about, int kind, struct FTW *where) {
    (void)about, (void)kind, (void)where;
    return remove(path);
}

static void remove_all(const char *path) { nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS); }

/* A descriptor of the folder with a lock on it, or -1. It stays open in the program that we become. */
static int hold(const char *path, int how) {
    struct stat opened, there;
    int folder = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (folder < 0) return -1;
    /* It may have been removed between the opening and the lock. */
    if (flock(folder, how) == 0 && fstat(folder, &opened) == 0 && lstat(path, &there) == 0 && opened.st_ino == there.st_ino)
        return folder;
    close(folder);
    return -1;
}

/* Removes the folders of other versions, and unfinished ones, unless somebody holds them. */
static void tidy(const char *base) {
    DIR *folder = opendir(base);
    struct dirent *entry;
    if (folder == NULL) return;
    while ((entry = readdir(folder)) != NULL) {
        char path[PATH_MAX];
        int is_ours = strncmp(entry->d_name, PREFIX, strlen(PREFIX)) == 0 && strcmp(entry->d_name, PREFIX RELEASE) != 0;
        if (!is_ours && strncmp(entry->d_name, UNFINISHED, strlen(UNFINISHED)) != 0) continue;
        if (snprintf(path, sizeof path, "%s/%s", base, entry->d_name) >= (int)sizeof path) continue;
        int held = hold(path, LOCK_EX | LOCK_NB);
        if (held < 0) continue;
        remove_all(path);
        close(held);
    }
    closedir(folder);
}

/* Unpacks into base/appimage-RELEASE unless it is there, and holds it; -1 where that cannot be done. */
static int settle(const char *self, const char *base, char *place, size_t size) {
    char fresh[PATH_MAX];
    if (snprintf(place, size, "%s/" PREFIX RELEASE, base) >= (int)size) return -1;
    int held = hold(place, LOCK_SH);
    if (held >= 0) return held;
    if (snprintf(fresh, sizeof fresh, "%s/" UNFINISHED "XXXXXX", base) >= (int)sizeof fresh) return -1;
    if (mkdtemp(fresh) == NULL) return -1;
    int busy = hold(fresh, LOCK_SH);
    int result = unpack(self, fresh);
    /* Another first start may have been quicker: then its folder is as good, and ours goes. */
    if (result == 0 && rename(fresh, place) != 0 && errno != EEXIST && errno != ENOTEMPTY) result = -1;
    if (busy >= 0) close(busy);
    remove_all(fresh);
    if (result != 0) return -1;
    tidy(base);
    return hold(place, LOCK_SH);
}

/* Makes base and the folders above it; only our own folder, closed to others, will do. */
static int make_base(char *base) {
    struct stat about;
    for (char *slash = strchr(base + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(base, 0700) != 0 && errno != EEXIST) return -1;
        *slash = '/';
    }
    if (mkdir(base, 0700) != 0 && errno != EEXIST) return -1;
    return lstat(base, &about) == 0 && S_ISDIR(about.st_mode) && about.st_uid == geteuid() && !(about.st_mode & 022) ? 0 : -1;
}

/* The number-th folder that may hold what is unpacked; 0 when there are no more, -1 when the environment has no such one. */
static int candidate(int number, char *base, size_t size) {
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME"), *scratch = getenv("TMPDIR");
    int length = -1;
    if (number == 0 && cache != NULL && cache[0] == '/') length = snprintf(base, size, "%s/" NAME, cache);
    if (number == 1 && home != NULL && home[0] == '/') length = snprintf(base, size, "%s/.cache/" NAME, home);
    if (number == 2)
        length = snprintf(base, size, "%s/" NAME "-%u", scratch != NULL && scratch[0] == '/' ? scratch : "/tmp", geteuid());
    if (number > 2) return 0;
    return length > 0 && length < (int)size ? 1 : -1;
}

static int become(const char *self, char **argv) {
    char base[PATH_MAX], place[PATH_MAX], program[PATH_MAX + 16], here[PATH_MAX];
    setenv("APPIMAGE", self, 1);
    setenv("ARGV0", argv[0], 1);
    if (getcwd(here, sizeof here) != NULL) setenv("OWD", here, 1);
    for (int number = 0, found; (found = candidate(number, base, sizeof base)) != 0; number++) {
        if (found < 0 || make_base(base) != 0) continue;
        int held = settle(self, base, place, sizeof place);
        if (held < 0) continue;
        snprintf(program, sizeof program, "%s/AppRun", place);
        setenv("APPDIR", place, 1);
        argv[0] = program;
        execv(program, argv);
        fail("cannot run", program);
        close(held);
    }
    fputs("error: there is no folder to unpack into\nhint: set XDG_CACHE_HOME to one that can be written and run from\n", stderr);
    return 2;
}

static int help(void) {
    puts("--appimage-extract           unpack into the folder squashfs-root\n"
         "--appimage-extract-and-run   run (it always unpacks, once, into the cache folder; FUSE is not used)\n"
         "--appimage-offset            print where the squashfs image begins\n"
         "--appimage-version           print which program this is");
    return 0;
}

static int extract(const char *self) {
    if (mkdir("squashfs-root", 0755) != 0) return fail("cannot make", "squashfs-root"), 2;
    return unpack(self, "squashfs-root") == 0 ? 0 : 2;
}

int main(int argc, char **argv) {
    char self[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    if (length < 0) return fail("cannot read", "/proc/self/exe"), 2;
    self[length] = '\0';
    const char *wanted = argc > 1 ? argv[1] : "";
    if (strcmp(wanted, "--appimage-extract") == 0) return extract(self);
    if (strcmp(wanted, "--appimage-help") == 0) return help();
    if (strcmp(wanted, "--appimage-version") == 0) return puts(NAME " " RELEASE), 0;
    if (strcmp(wanted, "--appimage-offset") == 0) return printf("%zu\n", image_offset(self)), 0;
    if (strcmp(wanted, "--appimage-extract-and-run") == 0) {
        argv[1] = argv[0];
        argv++;
    } else if (strncmp(wanted, "--appimage-", 11) == 0) {
        fprintf(stderr, "error: there is no option %s\nhint: --appimage-help tells which there are\n", wanted);
        return 2;
    }
    return become(self, argv);
}

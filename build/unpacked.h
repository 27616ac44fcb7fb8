/* For the start of the one file (one_process.h): knows what it has unpacked, so that the next start need not read it again.

   As it comes from Nuitka, each start compares the sums of all that is unpacked: 47 MB, 17 ms. Here a start that has done so
   writes down what it found: of each file the path, the size, the number, and the time of its last change, which no program
   can set. Where all is still so, the next start goes on at once; else it compares sums again, and mends files.

   It holds until the machine starts anew: a power cut may take back what was written and leave everything that is told here. */
#include <fcntl.h>
#include <ftw.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#if defined(__APPLE__)
#include <sys/sysctl.h>
#define CHANGED_AT(file) ((file)->st_ctimespec)
#else
#define CHANGED_AT(file) ((file)->st_ctim)
#endif

/* What stands in the folder for what is written down; other marks of the program begin with a dot, too, and come and go. */
#define SEEN "%s/.unpacked"
#define LONGEST 8192

static uint64_t sum_of_all;

static uint64_t mixed(uint64_t sum, const void *data, size_t size) { /* FNV-1a */
    for (size_t i = 0; i < size; i++) {
        sum = (sum ^ ((const unsigned char *)data)[i]) * 0x100000001b3ULL;
    }
    return sum;
}

static int add_file(const char *path, const struct stat *file, int kind, struct FTW *where) {
    if (kind != FTW_D && path[where->base] != '.') {
        int64_t facts[] = {file->st_size, (int64_t)file->st_ino, CHANGED_AT(file).tv_sec, CHANGED_AT(file).tv_nsec};
        /* Added up: a folder tells its files in any order. */
        sum_of_all += mixed(mixed(0xcbf29ce484222325ULL, path, strlen(path)), facts, sizeof(facts));
    }
    return 0;
}

/* What tells this start of the machine from all others. Says whether there is such a thing. */
static int read_boot(char *boot, size_t size) {
#if defined(__APPLE__)
    return sysctlbyname("kern.bootsessionuuid", boot, &size, NULL, 0) == 0;
#else
    FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");
    int is_read = file && fscanf(file, "%63s", boot) == 1 && size >= 64;
    if (file) {
        fclose(file);
    }
    return is_read;
#endif
}

/* What is to be written down of a folder as it is. Says whether it could be looked at. */
static int look_at(const char *folder, char *text, size_t size) {
    char boot[64] = "";
    sum_of_all = 0;
    if (!read_boot(boot, sizeof(boot)) || nftw(folder, add_file, 16, FTW_PHYS)) {
        return 0;
    }
    return snprintf(text, size, "%016llx %s", (unsigned long long)sum_of_all, boot) > 0;
}

/* Writes it down, with the program in it. Where that cannot be done, the next start compares sums again. */
__attribute__((unused)) static void remember_unpacked(const char *folder, const char *program) {
    char path[LONGEST], now[128];
    FILE *file = NULL;
    if (look_at(folder, now, sizeof(now)) && snprintf(path, sizeof(path), SEEN, folder) < (int)sizeof(path)) {
        file = fopen(path, "we");
    }
    if (file) {
        fprintf(file, "%s\n%s\n", now, program);
        fclose(file);
    }
}

/* The program in a folder that is as it was written down, or NULL. */
static const char *find_unpacked(const char *folder) {
    static char program[LONGEST];
    char path[LONGEST], now[128], before[128] = "";
    FILE *file = NULL;
    if (snprintf(path, sizeof(path), SEEN, folder) < (int)sizeof(path)) {
        file = fopen(path, "re");
    }
    if (!file) {
        return NULL;
    }
    int is_whole = fgets(before, sizeof(before), file) && fgets(program, sizeof(program), file);
    fclose(file);
    before[strcspn(before, "\n")] = program[strcspn(program, "\n")] = 0;
    return is_whole && look_at(folder, now, sizeof(now)) && strcmp(now, before) == 0 ? program : NULL;
}

/* Becomes that program, with all that Nuitka would have told it. Comes back where there is none, or none that can be run. */
__attribute__((unused)) static void become_unpacked(const char *folder, const char *beside, const char *file, char **argv) {
    const char *program = find_unpacked(folder);
    char *called = argv[0];
    if (program) {
        setenv("NUITKA_ONEFILE_DIRECTORY", beside, 1);
        setenv("NUITKA_ORIGINAL_ARGV0", called, 1);
        argv[0] = (char *)file;
        execv(program, argv);
        argv[0] = called;
    }
}

/* Included before every C file of a compiled program (before_each_file.h), and of use in one: the start of the one file.

   As it comes from Nuitka, that start unpacks the program, runs it as a second process, waits for it, and hands on some
   signals changed and some not at all: SIGTERM arrives as SIGINT, a second Ctrl-C only when the first has had its effect,
   SIGHUP never. Here it becomes the program instead of waiting for it, which can be because the cache stays.

   Two first starts at once would unpack over each other and under the feet of who already runs (SIGBUS). Starts of one file
   therefore take turns until they have become the program. */
#if !defined(_WIN32) && defined(__has_include)
#if __has_include("onefile_definitions.h")
#define _GNU_SOURCE 1 /* the first file to include anything decides what all find in there */
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <unistd.h>
#include "unpacked.h"

/* One for all files of the start: a second lock would wait for the first. */
__attribute__((weak)) int has_taken_its_turn = 0;

__attribute__((constructor)) static void take_a_turn(void) {
    if (has_taken_its_turn++) {
        return;
    }
    int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    if (file >= 0) {
        (void)flock(file, LOCK_EX); /* some file systems have no locks: then it is as it comes */
    }
}

/* With nobody to hand signals on to, they end the start like any other program. */
#define sigaction(number, now, before) ((void)(now))

/* Nuitka goes on as the second process where fork says 0. By then all is unpacked. */
#define fork() (remember_unpacked(payload_path, fork_binary), (pid_t)0)

/* Before Nuitka looks at what the file carries: it defines `initPayloadData(void)`, and calls `initPayloadData()`. */
#define initPayloadData(nothing) TO_UNPACK_##nothing
#define TO_UNPACK_void begin_to_unpack(void)
#define TO_UNPACK_ (become_unpacked(payload_path, BESIDE_THE_FILE, getBinaryPath(), argv), begin_to_unpack())
#define BESIDE_THE_FILE stripBaseFilename(getBinaryFilenameHostEncoded(false))
#endif
#endif

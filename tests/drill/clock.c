/* A clock that is wrong by STUDYROUTE_TEST_CLOCK_S seconds; time that passes is told as it is. Loaded before the program (LD_PRELOAD).
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec *now) {
    const char *wrong = getenv("STUDYROUTE_TEST_CLOCK_S");
    int failed = syscall(SYS_clock_gettime, clock, now);
    if (!failed && wrong && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) now->tv_sec += atol(wrong);
    return failed;
}

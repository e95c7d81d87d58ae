/* Sleeps with a time limit, in calls of every kind: each lasts as long as it was told to, and the time that the job did not
 * exist is not counted. A child that was stopped and continued sleeps in calls that the kernel has already taken up again. */
#include <errno.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "workload.h"

enum { LENGTH_MS = 3000, BEFORE_MS = 800, SLACK_MS = 500, NOTICED_MS = 30, LONG_MS = 1000 };
static struct timespec length(void) { return (struct timespec){LENGTH_MS / 1000, LENGTH_MS % 1000 * 1000000L}; }
static struct timespec ending_at(clockid_t clock) {
  struct timespec time;
  clock_gettime(clock, &time);
  time.tv_sec += LENGTH_MS / 1000;
  return time;
}

static long by_nanosleep(void) {
  struct timespec time = length();
  return syscall(SYS_nanosleep, &time, NULL);
}
static long by_nanosleep_with_rest(void) {
  struct timespec time = length();
  return syscall(SYS_nanosleep, &time, &time);
}
static long by_monotonic(void) {
  struct timespec time = length();
  return syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &time, NULL);
}
static long by_boottime(void) {
  struct timespec time = length(), rest;
  return syscall(SYS_clock_nanosleep, CLOCK_BOOTTIME, 0, &time, &rest);
}
static long by_realtime(void) {
  struct timespec time = length();
  return syscall(SYS_clock_nanosleep, CLOCK_REALTIME, 0, &time, NULL);
}
static long by_absolute(void) {
  struct timespec time = ending_at(CLOCK_MONOTONIC);
  return syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL);
}
static long by_poll(void) { return syscall(SYS_poll, &(struct pollfd){.fd = -1}, 1, LENGTH_MS); }
static long by_ppoll(void) {
  struct timespec time = length();
  return syscall(SYS_ppoll, NULL, 0, &time, NULL, 8);
}
static long by_select(void) {
  struct timeval time = {LENGTH_MS / 1000, LENGTH_MS % 1000 * 1000};
  return syscall(SYS_select, 0, NULL, NULL, NULL, &time);
}
static long by_pselect(void) {
  struct timespec time = length();
  return syscall(SYS_pselect6, 0, NULL, NULL, NULL, &time, NULL);
}
static long expect(int error, long result) { return result == -1 && errno == error ? 0 : -1; }
static long by_futex(void) {
  struct timespec time = length();
  int own = 0;
  return expect(ETIMEDOUT, syscall(SYS_futex, &own, FUTEX_WAIT_PRIVATE, 0, &time, NULL, 0));
}
static long by_futex_until(void) {
  struct timespec time = ending_at(CLOCK_MONOTONIC);
  int own = 0;
  return expect(ETIMEDOUT, syscall(SYS_futex, &own, FUTEX_WAIT_BITSET_PRIVATE, 0, &time, NULL, FUTEX_BITSET_MATCH_ANY));
}
static int held;
static long by_futex_lock(void) {
  struct timespec time = ending_at(CLOCK_REALTIME);
  return expect(ETIMEDOUT, syscall(SYS_futex, &held, FUTEX_LOCK_PI_PRIVATE, 0, &time, NULL, 0));
}

/* A stop ends these with EINTR, and the kernel then knows nothing of their time. It is told in memory that they may not
 * change. */
static const struct timespec constant = {LENGTH_MS / 1000, LENGTH_MS % 1000 * 1000000L};
static int semaphores;
static long by_signal_wait(void) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR2);
  return expect(EAGAIN, syscall(SYS_rt_sigtimedwait, &set, NULL, &constant, 8));
}
static long by_semaphore(void) {
  struct sembuf down = {.sem_op = -1};
  return expect(EAGAIN, syscall(SYS_semtimedop, semaphores, &down, 1, &constant));
}
static long by_constant_ppoll(void) { return syscall(SYS_ppoll, NULL, 0, &constant, NULL, 8); }
static long by_constant_pselect(void) { return syscall(SYS_pselect6, 0, NULL, NULL, NULL, &constant, NULL); }
static long by_constant_select(void) {
  static const struct timeval time = {LENGTH_MS / 1000, LENGTH_MS % 1000 * 1000};
  return syscall(SYS_select, 0, NULL, NULL, NULL, &time);
}

static const struct {
  const char *name;
  long (*sleep)(void);
  bool until;  // ends at a time, whether the job is there or not
} calls[] = {{"nanosleep", by_nanosleep, false},       {"nanosleep with rest", by_nanosleep_with_rest, false},
             {"CLOCK_MONOTONIC", by_monotonic, false}, {"CLOCK_BOOTTIME", by_boottime, false},
             {"CLOCK_REALTIME", by_realtime, false},   {"TIMER_ABSTIME", by_absolute, true},
             {"poll", by_poll, false},                 {"ppoll", by_ppoll, false},
             {"select", by_select, false},             {"pselect", by_pselect, false},
             {"futex", by_futex, false},               {"futex until", by_futex_until, true},
             {"futex lock", by_futex_lock, true},      {"sigtimedwait", by_signal_wait, false},
             {"semtimedop", by_semaphore, false},      {"ppoll, constant", by_constant_ppoll, false},
             {"pselect, constant", by_constant_pselect, false}, {"select, constant", by_constant_select, false}};
/* Job control ends the others with EINTR too. */
enum { CONTINUED = COUNT(calls) - 5 };

/* Time in which the process did not run, as the watching thread has seen it; the part of it that was long. */
static atomic_long absent_ms, absent_long_ms;
static atomic_int awake;

static long milliseconds(clockid_t clock) {
  struct timespec time;
  clock_gettime(clock, &time);
  return time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

static void *sleep_once(void *argument) {
  uintptr_t i = (uintptr_t)argument;
  clockid_t clock = calls[i].sleep == by_futex_lock ? CLOCK_REALTIME : CLOCK_MONOTONIC;
  long start = milliseconds(clock);
  errno = 0;
  long result = calls[i].sleep();
  REQUIRE(result == 0, "%s gave %ld (%s)", calls[i].name, result, strerror(errno));
  long passed = milliseconds(clock) - start;
  nap(2 * NOTICED_MS * 1000);
  long absent = atomic_load(&absent_ms), least = LENGTH_MS - 1;
  if (!calls[i].until && atomic_load(&absent_long_ms)) least += atomic_load(&absent_long_ms) - SLACK_MS;
  REQUIRE(passed >= least, "%s took %ld ms, absent %ld", calls[i].name, passed, absent);
  REQUIRE(passed <= LENGTH_MS + absent + SLACK_MS, "%s took %ld ms, absent %ld", calls[i].name, passed, absent);
  atomic_fetch_add(&awake, 1);
  return NULL;
}

static void watch(bool (*done)(void)) {
  uint64_t last = monotonic_ns();
  while (!done()) {
    struct timespec next = {0, 2000000};
    nanosleep(&next, &next);
    uint64_t now = monotonic_ns();
    long passed = (long)((now - last) / 1000000);
    last = now;
    if (passed >= NOTICED_MS) atomic_fetch_add(&absent_ms, passed);
    if (passed >= LONG_MS) atomic_fetch_add(&absent_long_ms, passed);
  }
}
static uint64_t ready_at;
static bool time_has_passed(void) { return monotonic_ns() >= ready_at; }
static int sleeping;
static bool all_awake(void) { return atomic_load(&awake) == sleeping; }

/* Begins all sleeps, and returns when they have lasted a while. */
static void begin_sleeping(pthread_t *threads, int count) {
  sleeping = count;
  held = (int)syscall(SYS_gettid);
  ready_at = monotonic_ns() + BEFORE_MS * 1000000u;
  for (int i = 0; i < count; i++) pthread_create(&threads[i], NULL, sleep_once, (void *)(intptr_t)i);
  watch(time_has_passed);
}

void run_rest(int argc, char **argv) {
  (void)argc, (void)argv;
  pthread_t threads[COUNT(calls)];
  semaphores = (int)must(semget(IPC_PRIVATE, 1, 0600), "semget");
  /* Together they leave nothing to be undone. */
  for (short step = 1; step >= -1; step -= 2)
    must(semop(semaphores, &(struct sembuf){.sem_op = step, .sem_flg = SEM_UNDO}, 1), "semop");
  pid_t child = (pid_t)must(fork(), "fork");
  if (child == 0) {
    begin_sleeping(threads, CONTINUED);
    watch(all_awake);
    _exit(0);
  }
  nap(BEFORE_MS * 500);
  int status;
  must(kill(child, SIGSTOP), "SIGSTOP");
  must(waitpid(child, &status, WUNTRACED), "waitpid");
  must(kill(child, SIGCONT), "SIGCONT");
  must(waitpid(child, &status, WCONTINUED), "waitpid");
  begin_sleeping(threads, COUNT(calls));
  report_ready();
  watch(all_awake);
  for (size_t i = 0; i < COUNT(calls); i++) pthread_join(threads[i], NULL);
  must(semctl(semaphores, 0, IPC_RMID), "IPC_RMID");
  reap_clean(child, "the continued child");
  while (!verdict_wanted()) nap(2000);
}

/* A tree with some of everything, for a thousand rounds: what is lost or added a little each time adds up here. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "workload.h"

static int ready[2];

static void say_ready(void) { REQUIRE(write(ready[1], "r", 1) == 1, "write"); }

/* What a task sees of the clocks while it naps: how long it ran at least, its processor time, how often it was restarted. */
struct watch {
  uint64_t start, last, ran, processor_last, processor;
  unsigned restarts;
};

static uint64_t processor_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void look(struct watch *watch) {
  uint64_t now = monotonic_ns(), processor = processor_ns();
  REQUIRE(now >= watch->last, "CLOCK_MONOTONIC has gone back");
  uint64_t passed = now - watch->last;
  watch->ran += passed < 3000000 ? passed : 3000000;  // a longer nap may have been a checkpoint
  watch->last = now;
  if (processor < watch->processor_last) {  // processor time begins anew
    watch->restarts++;
    watch->processor += processor;
  } else {
    watch->processor += processor - watch->processor_last;
  }
  watch->processor_last = processor;
}

static struct watch begin_watch(void) {
  struct watch watch = {.start = monotonic_ns(), .processor_last = processor_ns()};
  watch.last = watch.start;
  return watch;
}

static void watch_until_verdict(struct watch *watch) {
  while (!verdict_wanted()) {
    REQUIRE(nap(2000), "nanosleep was interrupted");
    look(watch);
  }
}

static void set(int which, long seconds, long interval_us) {
  struct itimerval timer = {.it_value.tv_sec = seconds, .it_interval.tv_usec = interval_us};
  if (!seconds) timer.it_value.tv_usec = interval_us;
  must(setitimer((__itimer_which_t)which, &timer, NULL), "setitimer");
}

static int64_t left_us(int which) {
  struct itimerval timer;
  must(getitimer((__itimer_which_t)which, &timer), "getitimer");
  return (int64_t)timer.it_value.tv_sec * 1000000 + timer.it_value.tv_usec;
}

/* Timers that never go off: real time and processor time. */
static void keep_time(void) {
  const int64_t seconds = 30000, whole = seconds * 1000000;
  struct watch watch = begin_watch();
  set(ITIMER_REAL, seconds, 0);
  set(ITIMER_PROF, seconds, 0);
  uint64_t spin = monotonic_ns();
  while (monotonic_ns() - spin < 30000000) {}
  say_ready();
  watch_until_verdict(&watch);
  int64_t real = whole - left_us(ITIMER_REAL), profile = whole - left_us(ITIMER_PROF);
  look(&watch); /* when the timers have been read, not before */
  int64_t passed = (int64_t)((watch.last - watch.start) / 1000), ran = (int64_t)(watch.ran / 1000);
  int64_t used = (int64_t)(watch.processor / 1000), rounds = watch.restarts;
  report("with %ld restarts: %ld ms passed, %ld ms ran, real timer %ld ms, processor %ld ms, profile timer %ld ms", rounds,
         passed / 1000, ran / 1000, real / 1000, used / 1000, profile / 1000);
  REQUIRE(real <= passed + 20000 && real >= ran - 20000, "the real timer has run %ld us, the task at least %ld, at most %ld",
          real, ran, passed);
  // A tick (10 ms at most) when it is set, and less than a millisecond a round that is not seen by looking at the clock.
  REQUIRE(profile <= used + 20000 + rounds * 1000 && profile >= used - 20000 - rounds * 1000,
          "the profile timer has run %ld us, the processor %ld", profile, used);
  _exit(0);
}

static atomic_uint ticks;
static void count_tick(int signal) {
  (void)signal;
  atomic_fetch_add(&ticks, 1);
}

/* A timer that ticks: not more often than its interval allows, save one tick a round that was due. */
static void tick(void) {
  struct sigaction action = {.sa_handler = count_tick, .sa_flags = SA_RESTART};
  must(sigaction(SIGALRM, &action, NULL), "sigaction");
  struct watch watch = begin_watch();
  set(ITIMER_REAL, 0, 20000);
  say_ready();
  while (!verdict_wanted()) {
    nap(2000);
    look(&watch);
  }
  unsigned seen = ticks;
  look(&watch);
  uint64_t most = (watch.last - watch.start) / 20000000 + watch.restarts + 2, least = watch.ran / 20000000 / 2;
  REQUIRE(seen <= most && seen >= least, "%u ticks in %lu ms", seen, (watch.last - watch.start) / 1000000);
  _exit(0);
}

/* Real-time signals with values wait in order; others once each. */
enum { QUEUED = 20 };
static void hold_signals(void) {
  sigset_t held;
  sigemptyset(&held);
  for (int i = 0; i < 3; i++) sigaddset(&held, SIGRTMIN + i);
  sigaddset(&held, SIGUSR1);
  must(sigprocmask(SIG_BLOCK, &held, NULL), "sigprocmask");
  for (int i = 0; i < QUEUED; i++)
    must(sigqueue(getpid(), SIGRTMIN + i % 3, (union sigval){.sival_int = i}), "sigqueue");
  must(raise(SIGUSR1), "raise");
  must(kill(getpid(), SIGUSR1), "kill");
  say_ready();
  wait_for_verdict();
  siginfo_t information;
  struct timespec now = {0, 0};
  for (int kind = 0; kind < 3; kind++)
    for (int i = kind; i < QUEUED; i += 3) {
      sigset_t one;
      sigemptyset(&one);
      sigaddset(&one, SIGRTMIN + kind);
      must(sigtimedwait(&one, &information, &now), "sigtimedwait");
      REQUIRE(information.si_value.sival_int == i && information.si_pid == getpid(), "signal %d has value %d", i,
              information.si_value.sival_int);
    }
  for (int i = 0; i < 2; i++) REQUIRE(sigtimedwait(&held, &information, &now) == SIGUSR1, "SIGUSR1 %d is lost", i);
  REQUIRE(sigtimedwait(&held, &information, &now) == -1 && errno == EAGAIN, "a signal too many");
  _exit(0);
}

static atomic_uint notices;
static void count_notice(int signal) {
  (void)signal;
  atomic_fetch_add(&notices, 1);
}

static void stay_stopped(void) {
  raise(SIGSTOP);
  _exit(9);
}

/* Zombies of several kinds, a stopped child, and no notice too many. */
static void mourn(void) {
  static const int endings[] = {0, 1, 128, 255, -SIGTERM, -SIGKILL, -SIGUSR2, -64};
  pid_t zombies[COUNT(endings)];
  int status = 0;
  struct sigaction action = {.sa_handler = count_notice, .sa_flags = SA_RESTART | SA_NOCLDSTOP};
  must(sigaction(SIGCHLD, &action, NULL), "sigaction");
  pid_t stopped = (pid_t)must(fork(), "fork");
  if (stopped == 0) stay_stopped();
  must(waitpid(stopped, &status, WUNTRACED), "waitpid");
  for (size_t i = 0; i < COUNT(endings); i++) {
    zombies[i] = (pid_t)must(fork(), "fork");
    if (zombies[i] == 0) {
      if (endings[i] < 0) raise(-endings[i]);
      _exit(endings[i]);
    }
    siginfo_t information;
    while (waitid(P_PID, (id_t)zombies[i], &information, WEXITED | WNOWAIT) == -1) REQUIRE(errno == EINTR, "waitid");
  }
  while (!nap(20000)) {}
  unsigned before = atomic_load(&notices);
  say_ready();
  wait_for_verdict();
  REQUIRE(atomic_load(&notices) == before, "%u SIGCHLD too many", atomic_load(&notices) - before);
  for (size_t i = 0; i < COUNT(endings); i++) {
    must(waitpid(zombies[i], &status, 0), "waitpid");
    REQUIRE(status == (endings[i] < 0 ? -endings[i] : endings[i] << 8), "zombie %zu has status %#x", i, (unsigned)status);
  }
  REQUIRE(waitpid(-1, &status, WNOHANG | WUNTRACED) == 0, "a child has changed: %#x", (unsigned)status);
  must(kill(stopped, SIGCONT), "kill");
  while (waitpid(stopped, &status, 0) == -1) REQUIRE(errno == EINTR, "waitpid");
  REQUIRE(status == 9 << 8, "the stopped child ended with %#x", (unsigned)status);
  _exit(0);
}

/* Sends numbers through a pipe to a sibling that is slower: there is content in it at every checkpoint. */
static int numbers[2];
static void send_numbers(void) {
  close(numbers[0]);
  say_ready();
  for (uint64_t i = 0; !verdict_wanted(); i++) REQUIRE(write(numbers[1], &i, sizeof i) == sizeof i, "write");
  _exit(0);
}
static void receive_numbers(void) {
  close(numbers[1]);
  int file = filled_file("numbers", 0, 0, O_RDWR | O_APPEND);
  say_ready();
  ssize_t got;
  uint64_t expected = 0, number, last = 0;
  while ((got = must(read(numbers[0], &number, sizeof number), "read")) > 0) {
    REQUIRE(got == sizeof number && number == expected, "number %lu has come instead of %lu", number, expected);
    expected++;
    if (number % 100) continue;
    must(lseek(file, 0, SEEK_SET), "lseek");
    must(ftruncate(file, 0), "ftruncate");
    REQUIRE(write(file, &number, sizeof number) == sizeof number, "write");
    last = number;
    if (!verdict_wanted()) nap(1000);
  }
  must(lseek(file, 0, SEEK_SET), "lseek");
  REQUIRE(read(file, &number, sizeof number) == sizeof number && number == last, "the file is not as it was written");
  _exit(0);
}

/* Threads that take turns with thread-local counters. */
enum { THREADS = 4 };
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t turned = PTHREAD_COND_INITIALIZER;
static uint64_t turns;
static __thread uint64_t own_turns;
static void *take_turns(void *argument) {
  uintptr_t id = (uintptr_t)argument;
  pthread_mutex_lock(&mutex);
  for (uint64_t next = id;; next += THREADS) {
    while (turns != next && turns != UINT64_MAX) pthread_cond_wait(&turned, &mutex);
    if (turns == UINT64_MAX) break;
    REQUIRE(own_turns * THREADS + id == next, "thread %lu has had %lu turns before turn %lu", id, own_turns, next);
    own_turns++;
    if (verdict_wanted() && id == THREADS - 1) {
      turns = UINT64_MAX;
    } else {
      turns++;
    }
    pthread_cond_broadcast(&turned);
    pthread_mutex_unlock(&mutex);
    nap(1000);
    pthread_mutex_lock(&mutex);
  }
  pthread_mutex_unlock(&mutex);
  return NULL;
}
static void run_threads_together(void) {
  pthread_t threads[THREADS];
  for (uintptr_t i = 0; i < THREADS; i++) pthread_create(&threads[i], NULL, take_turns, (void *)i);
  say_ready();
  for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
  _exit(0);
}

void run_mixed(int argc, char **argv) {
  (void)argc, (void)argv;
  static const struct {
    const char *name;
    void (*run)(void);
  } parts[] = {{"keep-time", keep_time}, {"tick", tick},           {"hold-signals", hold_signals},
               {"mourn", mourn},         {"send", send_numbers},   {"receive", receive_numbers},
               {"threads", run_threads_together}};
  must(pipe(ready), "pipe");
  must(pipe(numbers), "pipe");
  must(fcntl(numbers[1], F_SETPIPE_SZ, 4096), "F_SETPIPE_SZ");
  pid_t children[COUNT(parts)];
  for (size_t i = 0; i < COUNT(parts); i++) {
    children[i] = (pid_t)must(fork(), "fork");
    if (children[i]) continue;
    must(prctl(PR_SET_NAME, parts[i].name), "PR_SET_NAME");
    if (strcmp(parts[i].name, "send") && strcmp(parts[i].name, "receive")) close(numbers[0]), close(numbers[1]);
    parts[i].run();
  }
  close(numbers[0]);
  close(numbers[1]);
  char byte;
  for (size_t i = 0; i < COUNT(parts); i++) REQUIRE(read(ready[0], &byte, 1) == 1, "read");
  report_ready();
  wait_for_verdict();
  for (size_t i = 0; i < COUNT(parts); i++) reap_clean(children[i], parts[i].name);
}

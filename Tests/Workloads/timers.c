/* Interval timers: one far away, one that ticks, one that must go off exactly once; and the clock they run by. */
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>
#include "workload.h"

static atomic_int alarms;
static void count_alarm(int signal) {
  (void)signal;
  atomic_fetch_add(&alarms, 1);
}

static void set(int which, long value_us, long interval_us) {
  struct itimerval timer = {.it_value = {value_us / 1000000, value_us % 1000000},
                            .it_interval = {interval_us / 1000000, interval_us % 1000000}};
  must(setitimer((__itimer_which_t)which, &timer, NULL), "setitimer");
}

static long remaining(int which, long *interval_us) {
  struct itimerval timer;
  must(getitimer((__itimer_which_t)which, &timer), "getitimer");
  if (interval_us) *interval_us = timer.it_interval.tv_sec * 1000000 + timer.it_interval.tv_usec;
  return timer.it_value.tv_sec * 1000000 + timer.it_value.tv_usec;
}

static void tick(void) {
  set(ITIMER_REAL, 10000, 10000);
  while (!verdict_wanted()) nap(1000);
  int before = atomic_load(&alarms);
  uint64_t start = monotonic_ns();
  while (atomic_load(&alarms) < before + 20) nap(1000);
  double passed = (double)(monotonic_ns() - start) / 1e6;
  REQUIRE(passed > 150, "twenty ticks of 10 ms took only %.1f ms", passed);
  _exit(0);
}

static void go_off_once(void) {
  uint64_t start = monotonic_ns();
  set(ITIMER_REAL, 800000, 0);
  while (!atomic_load(&alarms)) {
    nap(1000);
    REQUIRE(monotonic_ns() - start < 120000000000u, "the alarm has not come in two minutes");
  }
  uint64_t passed = monotonic_ns() - start;
  REQUIRE(passed >= 799000000, "the alarm came after %lu us", passed / 1000);
  while (!verdict_wanted()) nap(1000);
  REQUIRE(atomic_load(&alarms) == 1, "the alarm came %d times", atomic_load(&alarms));
  REQUIRE(remaining(ITIMER_REAL, NULL) == 0, "the timer runs again");
  _exit(0);
}

void run_timers(int argc, char **argv) {
  (void)argc, (void)argv;
  struct sigaction action = {.sa_handler = count_alarm, .sa_flags = SA_RESTART};
  must(sigaction(SIGALRM, &action, NULL), "sigaction");
  pid_t ticking = (pid_t)must(fork(), "fork");
  if (ticking == 0) tick();
  pid_t once = (pid_t)must(fork(), "fork");
  if (once == 0) go_off_once();
  uint64_t start = monotonic_ns(), last = start;
  set(ITIMER_REAL, 3600000000, 7000000);
  set(ITIMER_VIRTUAL, 1800000000, 5000000);
  set(ITIMER_PROF, 900000000, 3000000);
  report_ready();
  while (!verdict_wanted()) {
    uint64_t now = monotonic_ns();
    REQUIRE(now >= last, "CLOCK_MONOTONIC has gone back by %lu ns", last - now);
    last = now;
    REQUIRE(nap(2000), "nanosleep was interrupted");
  }
  long passed_us = (long)((monotonic_ns() - start) / 1000);
  static const struct {
    int which;
    long value, interval;
  } timers[] = {{ITIMER_REAL, 3600000000, 7000000}, {ITIMER_VIRTUAL, 1800000000, 5000000},
                {ITIMER_PROF, 900000000, 3000000}};
  for (size_t i = 0; i < COUNT(timers); i++) {
    long interval = 0, left = remaining(timers[i].which, &interval);
    REQUIRE(left <= timers[i].value + 10000 && left >= timers[i].value - passed_us - 20000,
            "timer %zu has %ld us left of %ld after %ld us", i, left, timers[i].value, passed_us);
    REQUIRE(interval == timers[i].interval, "timer %zu has an interval of %ld us", i, interval);
  }
  REQUIRE(atomic_load(&alarms) == 0, "an alarm came that was an hour away");
  reap_clean(ticking, "the ticking child");
  reap_clean(once, "the alarmed child");
}

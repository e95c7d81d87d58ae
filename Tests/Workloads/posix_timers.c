/* POSIX timers of every kind of target and clock, with many and sparse ids, armed, disarmed, ticking, and gone off. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include "workload.h"

/* The kernel's own calls: the C library's timer_t hides the id. */
static int create(clockid_t clock, int notify, int signal, uintptr_t value, pid_t thread) {
  struct sigevent event = {.sigev_notify = notify, .sigev_signo = signal, .sigev_value.sival_ptr = (void *)value};
  event._sigev_un._tid = thread;
  int id = -1;
  must(syscall(SYS_timer_create, clock, &event, &id), "timer_create");
  return id;
}
static const long second = 1000000000;
static void set(int id, long value, long interval) {
  struct itimerspec time = {{interval / second, interval % second}, {value / second, value % second}};
  must(syscall(SYS_timer_settime, id, 0, &time, NULL), "timer_settime");
}
static long left(int id, long *interval) {
  struct itimerspec time;
  must(syscall(SYS_timer_gettime, id, &time), "timer_gettime");
  if (interval) *interval = time.it_interval.tv_sec * second + time.it_interval.tv_nsec;
  return time.it_value.tv_sec * second + time.it_value.tv_nsec;
}

/* Lets the timer have gone off so often that its next signal tells of `missed` more. */
static const long long_interval = 1000 * second;
static void set_missed(int id, int missed) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  struct itimerspec time = {{long_interval / second, 0}, {now.tv_sec - missed * 1000 - 500, 0}};
  must(syscall(SYS_timer_settime, id, TIMER_ABSTIME, &time, NULL), "timer_settime");
}
static void require_missed(int id, int missed) {
  long got = syscall(SYS_timer_getoverrun, id), rest = left(id, NULL);
  REQUIRE(got == missed, "timer %d has missed %ld expiries, not %d", id, got, missed);
  REQUIRE(rest > 300 * second && rest <= 500 * second, "timer %d goes off in %ld ns", id, rest);
}

enum { MANY = 300, TICK_SIGNAL = 40, QUEUED_SIGNAL = 41, ONCE_SIGNAL = 42, THREAD_SIGNAL = 43, SOON_SIGNAL = 44,
       TOLD_SIGNAL = 45, UNTOLD_SIGNAL = 46, TOLD = 7, UNTOLD = 5, TOLD_THREAD = 3 };
static struct {
  int id;
  clockid_t clock;
  long value, interval;
} timers[MANY];
static const clockid_t clocks[] = {CLOCK_MONOTONIC, CLOCK_REALTIME, CLOCK_BOOTTIME, CLOCK_TAI,
                                   CLOCK_PROCESS_CPUTIME_ID};
static atomic_int ticks, soon, wrong;
static atomic_bool ending;
static int ticking, thread_timer, told_thread;
static atomic_int thread_id, thread_signals;

static void on_tick(int signal, siginfo_t *information, void *context) {
  (void)signal, (void)context;
  if (information->si_code != SI_TIMER || information->si_timerid != ticking || information->si_int != 77)
    atomic_store(&wrong, information->si_timerid + 1);
  atomic_fetch_add(&ticks, 1);
}
static void on_soon(int signal, siginfo_t *information, void *context) {
  (void)signal, (void)information, (void)context;
  atomic_fetch_add(&soon, 1);
}

/* Its timer's signal is for it alone. */
static void *timed_thread(void *argument) {
  (void)argument;
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, TOLD_SIGNAL);
  told_thread = create(CLOCK_REALTIME, SIGEV_SIGNAL | SIGEV_THREAD_ID, TOLD_SIGNAL, 0, (int)syscall(SYS_gettid));
  set_missed(told_thread, TOLD_THREAD);
  must(syscall(SYS_rt_sigtimedwait, &set, NULL, NULL, 8), "rt_sigtimedwait");
  atomic_store(&thread_id, (int)syscall(SYS_gettid));
  sigemptyset(&set);
  sigaddset(&set, THREAD_SIGNAL);
  while (!atomic_load(&ending)) {
    siginfo_t information;
    struct timespec patience = {0, 50000000};
    long got = syscall(SYS_rt_sigtimedwait, &set, &information, &patience, 8);
    if (got == -1 && (errno == EAGAIN || errno == EINTR)) continue;
    REQUIRE(got == THREAD_SIGNAL && information.si_timerid == thread_timer && information.si_int == 78,
            "the thread got signal %ld of timer %d", got, information.si_timerid);
    atomic_fetch_add(&thread_signals, 1);
  }
  return NULL;
}

static int pending_once(int signal, siginfo_t *information) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, signal);
  struct timespec none = {0, 0};
  long got = syscall(SYS_rt_sigtimedwait, &set, information, &none, 8);
  return got == signal;
}

void run_posix_timers(int argc, char **argv) {
  (void)argc, (void)argv;
  sigset_t blocked;
  sigemptyset(&blocked);
  for (int signal = QUEUED_SIGNAL; signal <= UNTOLD_SIGNAL; signal++)
    if (signal != SOON_SIGNAL) sigaddset(&blocked, signal);
  sigprocmask(SIG_BLOCK, &blocked, NULL);
  struct sigaction action = {.sa_sigaction = on_tick, .sa_flags = SA_RESTART | SA_SIGINFO};
  must(sigaction(TICK_SIGNAL, &action, NULL), "sigaction");
  action.sa_sigaction = on_soon;
  must(sigaction(SOON_SIGNAL, &action, NULL), "sigaction");
  pthread_t thread;
  pthread_create(&thread, NULL, timed_thread, NULL);
  while (!atomic_load(&thread_id)) nap(1000);

  uint64_t start = monotonic_ns();
  // Of every seven ids, one stays; each third is disarmed, each second repeats.
  for (int i = 0; i < MANY; i++) {
    for (int gap = 0; gap < 6; gap++) must(syscall(SYS_timer_delete, create(CLOCK_MONOTONIC, SIGEV_NONE, 0, 0, 0)), "delete");
    timers[i].clock = clocks[(size_t)i % COUNT(clocks)];
    timers[i].id = create(timers[i].clock, i % 4 ? SIGEV_SIGNAL : SIGEV_NONE, SIGUSR1, (uintptr_t)i, 0);
    timers[i].value = i % 3 ? (3600 + i) * second : 0;
    timers[i].interval = i % 3 && i % 2 ? (i + 1) * 1000 : 0;
    set(timers[i].id, timers[i].value, timers[i].interval);
  }
  ticking = create(CLOCK_MONOTONIC, SIGEV_SIGNAL, TICK_SIGNAL, 77, 0);
  thread_timer = create(CLOCK_BOOTTIME, SIGEV_SIGNAL | SIGEV_THREAD_ID, THREAD_SIGNAL, 78, atomic_load(&thread_id));
  int queued = create(CLOCK_MONOTONIC, SIGEV_SIGNAL, QUEUED_SIGNAL, 79, 0);
  int once = create(CLOCK_REALTIME, SIGEV_SIGNAL, ONCE_SIGNAL, 80, 0);
  int late = create(CLOCK_MONOTONIC, SIGEV_SIGNAL, SOON_SIGNAL, 81, 0);
  set(ticking, 10000000, 10000000);
  set(thread_timer, 10000000, 10000000);
  set(queued, 1000000, 30 * second);  // pending, and goes off again in half a minute
  set(once, 1000000, 0);              // pending, and never again
  set(late, 700000000, 0);            // once, perhaps while the job is being restarted
  // Of one the signal has been taken, of the other it is pending.
  int told = create(CLOCK_REALTIME, SIGEV_SIGNAL, TOLD_SIGNAL, 82, 0);
  int untold = create(CLOCK_REALTIME, SIGEV_SIGNAL, UNTOLD_SIGNAL, 83, 0);
  set_missed(told, TOLD);
  set_missed(untold, UNTOLD);
  siginfo_t information;
  while (!pending_once(TOLD_SIGNAL, &information)) nap(1000);
  nap(20000);
  report_ready();
  while (!verdict_wanted()) nap(2000);

  while (!atomic_load(&soon)) {
    nap(1000);
    REQUIRE(monotonic_ns() - start < 120u * (uint64_t)second, "the timer has not gone off in two minutes");
  }
  for (int i = 0; i < MANY; i++) {
    long interval = 0, rest = left(timers[i].id, &interval);
    long passed = (long)(monotonic_ns() - start); /* when the rest has been read, not before */
    bool processor = timers[i].clock == CLOCK_PROCESS_CPUTIME_ID;
    REQUIRE(interval == timers[i].interval, "timer %d has an interval of %ld ns", timers[i].id, interval);
    REQUIRE(timers[i].value ? rest <= timers[i].value && rest >= timers[i].value - (processor ? passed * 2 : passed)
                            : rest == 0,
            "timer %d has %ld ns left of %ld after %ld", timers[i].id, rest, timers[i].value, passed);
  }
  REQUIRE(!pending_once(TOLD_SIGNAL, &information), "a signal that was taken is back");
  require_missed(told, TOLD);
  require_missed(told_thread, TOLD_THREAD);
  REQUIRE(pending_once(UNTOLD_SIGNAL, &information), "the pending signal of a late timer is gone");
  REQUIRE(information.si_overrun == UNTOLD, "it tells of %d expiries", information.si_overrun);
  require_missed(untold, UNTOLD);
  REQUIRE(pending_once(QUEUED_SIGNAL, &information), "the pending signal of a repeating timer is gone");
  REQUIRE(information.si_code == SI_TIMER && information.si_timerid == queued && information.si_int == 79,
          "the pending signal is of timer %d", information.si_timerid);
  REQUIRE(!pending_once(QUEUED_SIGNAL, &information), "the repeating timer's signal is pending twice");
  long next = left(queued, NULL);
  REQUIRE(next > 0 && next <= 30 * second, "the repeating timer goes off in %ld ns", next);
  REQUIRE(pending_once(ONCE_SIGNAL, &information), "the pending signal of a timer is gone");
  REQUIRE(information.si_timerid == once && information.si_int == 80, "it is of timer %d", information.si_timerid);
  REQUIRE(!pending_once(ONCE_SIGNAL, &information) && left(once, NULL) == 0, "the timer has gone off twice");
  REQUIRE(atomic_load(&soon) == 1, "a timer that goes off once did so %d times", atomic_load(&soon));

  int before = atomic_load(&ticks), thread_before = atomic_load(&thread_signals);
  start = monotonic_ns();
  while (atomic_load(&ticks) < before + 20 || atomic_load(&thread_signals) < thread_before + 20) {
    nap(1000);
    REQUIRE(monotonic_ns() - start < 60u * (uint64_t)second, "a ticking timer does not tick");
  }
  long passed = (long)(monotonic_ns() - start);
  REQUIRE(passed > 150000000, "twenty ticks of 10 ms took only %ld ns", passed);
  REQUIRE(!atomic_load(&wrong), "a tick was of timer %d", atomic_load(&wrong) - 1);
  // A new timer takes no id that is in use, and a deleted one is gone.
  int fresh = create(CLOCK_MONOTONIC, SIGEV_NONE, 0, 0, 0);
  for (int i = 0; i < MANY; i++) REQUIRE(fresh != timers[i].id, "a new timer has got the id %d again", fresh);
  REQUIRE(syscall(SYS_timer_delete, timers[0].id + 1) == -1 && errno == EINVAL, "a deleted timer is back");
  atomic_store(&ending, true);
  pthread_join(thread, NULL);
}

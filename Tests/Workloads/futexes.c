/* Futex waiters of every kind, each in its call at the checkpoint: bitset, many at once, requeued, priority inheritance. */
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include "workload.h"

#ifndef SYS_futex_waitv
#define SYS_futex_waitv 449
#endif
struct waiter_of_many {
  uint64_t value, address;
  uint32_t flags, reserved;
};

static long futex(_Atomic uint32_t *word, int operation, uint32_t value, uintptr_t extra, void *second, uint32_t third) {
  return syscall(SYS_futex, word, operation | FUTEX_PRIVATE_FLAG, value, extra, second, third);
}

static _Atomic uint32_t word, bits, from, to, pi_from, pi_to, many[4];
static _Atomic pid_t tids[8];
static pthread_mutex_t inherited, inherited_robust;
static pthread_barrier_t locked;

static void waits(int number) { tids[number] = (pid_t)syscall(SYS_gettid); }

static void *wait_plain(void *unused) {
  waits(0);
  REQUIRE(futex(&word, FUTEX_WAIT, 0, 0, NULL, 0) == 0, "FUTEX_WAIT: %s", strerror(errno));
  REQUIRE(atomic_load(&word) == 1, "FUTEX_WAIT has ended too early");
  return unused;
}
static void *wait_bitset(void *unused) {
  waits(1);
  REQUIRE(futex(&bits, FUTEX_WAIT_BITSET, 0, 0, NULL, 4) == 0, "FUTEX_WAIT_BITSET: %s", strerror(errno));
  REQUIRE(atomic_load(&bits) == 2, "FUTEX_WAIT_BITSET has ended too early");
  return unused;
}
static void *wait_requeued(void *unused) {
  waits(2);
  REQUIRE(futex(&from, FUTEX_WAIT, 0, 0, NULL, 0) == 0, "FUTEX_WAIT before a requeue: %s", strerror(errno));
  REQUIRE(atomic_load(&to) == 1, "the requeued waiter has ended too early");
  return unused;
}
static void *wait_many(void *unused) {
  waits(3);
  struct waiter_of_many all[COUNT(many)];
  memset(all, 0, sizeof all);
  for (size_t i = 0; i < COUNT(many); i++) all[i] = (struct waiter_of_many){0, (uintptr_t)&many[i], 2 | 128, 0};
  long woken = syscall(SYS_futex_waitv, all, COUNT(many), 0, NULL, 0);
  if (woken == -1 && errno == ENOSYS) return unused;
  REQUIRE(woken == 2, "futex_waitv gives %ld (%s), not 2", woken, strerror(errno));
  return unused;
}
static void *wait_inherited(void *unused) {
  waits(4);
  REQUIRE(pthread_mutex_lock(&inherited) == 0, "the mutex with priority inheritance");
  pthread_mutex_unlock(&inherited);
  return unused;
}
static void *wait_for_the_dead(void *unused) {
  waits(5);
  int error = pthread_mutex_lock(&inherited_robust);
  REQUIRE(error == EOWNERDEAD, "locking the robust mutex gives %s, not EOWNERDEAD", strerror(error));
  pthread_mutex_consistent(&inherited_robust);
  pthread_mutex_unlock(&inherited_robust);
  return unused;
}
static void *wait_requeued_to_owner(void *unused) {
  waits(6);
  long result = futex(&pi_from, FUTEX_WAIT_REQUEUE_PI, 0, 0, &pi_to, 0);
  REQUIRE(result == 0, "FUTEX_WAIT_REQUEUE_PI: %s", strerror(errno));
  REQUIRE((atomic_load(&pi_to) & FUTEX_TID_MASK) == (uint32_t)syscall(SYS_gettid), "the requeued waiter has no lock");
  REQUIRE(futex(&pi_to, FUTEX_UNLOCK_PI, 0, 0, NULL, 0) == 0, "FUTEX_UNLOCK_PI: %s", strerror(errno));
  return unused;
}
/* Dies with the robust mutex. */
static void *own_and_die(void *unused) {
  waits(7);
  pthread_mutex_lock(&inherited_robust);
  pthread_barrier_wait(&locked);
  while (!verdict_wanted()) nap(2000);
  return unused;
}

/* Until a thread sleeps in futex(2) (202) or futex_waitv(2) (449). */
static void await_sleep(int number) {
  char path[64];
  for (;;) {
    long call = -1;
    pid_t tid = atomic_load(&tids[number]);
    if (tid) {
      snprintf(path, sizeof path, "/proc/self/task/%d/syscall", tid);
      char *text = read_text(path, NULL);
      call = strtol(text, NULL, 10);
      free(text);
    }
    if (call == 202 || call == 449) return;
    nap(1000);
  }
}

void run_futexes(int argc, char **argv) {
  (void)argc, (void)argv;
  static void *(*const bodies[])(void *) = {wait_plain,     wait_bitset,       wait_requeued,          wait_many,
                                            wait_inherited, wait_for_the_dead, wait_requeued_to_owner, own_and_die};
  pthread_t threads[COUNT(bodies)];
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT);
  pthread_mutex_init(&inherited, &attributes);
  pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
  pthread_mutex_init(&inherited_robust, &attributes);
  pthread_barrier_init(&locked, NULL, 2);
  pthread_mutex_lock(&inherited);
  REQUIRE(futex(&pi_to, FUTEX_LOCK_PI, 0, 0, NULL, 0) == 0, "FUTEX_LOCK_PI: %s", strerror(errno));
  pthread_create(&threads[7], NULL, bodies[7], NULL);
  pthread_barrier_wait(&locked);
  for (int i = 0; i < 7; i++) pthread_create(&threads[i], NULL, bodies[i], NULL);
  for (int i = 0; i < 7; i++) await_sleep(i);
  report_ready();
  wait_for_verdict();
  for (int i = 0; i < 5; i++) await_sleep(i);

  atomic_store(&bits, 2);
  REQUIRE(futex(&bits, FUTEX_WAKE_BITSET, 9, 0, NULL, 3) == 0, "a waiter was woken by bits that are not its own");
  REQUIRE(futex(&bits, FUTEX_WAKE_BITSET, 9, 0, NULL, 4) == 1, "the waiter for one bit is not there");
  REQUIRE(futex(&from, FUTEX_CMP_REQUEUE, 0, 9, &to, 0) == 1, "the waiter cannot be requeued");
  atomic_store(&to, 1);
  REQUIRE(futex(&to, FUTEX_WAKE, 9, 0, NULL, 0) == 1, "the requeued waiter is not there");
  atomic_store(&word, 1);
  REQUIRE(futex(&word, FUTEX_WAKE, 9, 0, NULL, 0) == 1, "the plain waiter is not there");
  futex(&many[2], FUTEX_WAKE, 9, 0, NULL, 0);
  REQUIRE(futex(&pi_from, FUTEX_CMP_REQUEUE_PI, 1, 9, &pi_to, 0) == 1, "FUTEX_CMP_REQUEUE_PI: %s", strerror(errno));
  REQUIRE(futex(&pi_to, FUTEX_UNLOCK_PI, 0, 0, NULL, 0) == 0, "FUTEX_UNLOCK_PI: %s", strerror(errno));
  pthread_mutex_unlock(&inherited);
  for (size_t i = 0; i < COUNT(threads); i++) REQUIRE(pthread_join(threads[i], NULL) == 0, "join");
  REQUIRE(atomic_load(&pi_to) == 0, "the requeued lock is held by %#x", atomic_load(&pi_to));
}

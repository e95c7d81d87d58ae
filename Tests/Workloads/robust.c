/* What glibc registers with the kernel for each thread: robust list and restartable sequences. */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/rseq.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "workload.h"

static pthread_mutex_t robust[3];
static pthread_barrier_t locked;

static void *die_with_lock(void *argument) {
  pthread_mutex_lock(&robust[(uintptr_t)argument]);
  pthread_barrier_wait(&locked);
  while (!verdict_wanted()) nap(2000);
  return NULL;  // without unlocking: the kernel walks the robust list
}

void run_robust(int argc, char **argv) {
  (void)argc, (void)argv;
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
  pthread_barrier_init(&locked, NULL, COUNT(robust) + 1);
  pthread_t threads[COUNT(robust)];
  for (uintptr_t i = 0; i < COUNT(robust); i++) {
    pthread_mutex_init(&robust[i], &attributes);
    pthread_create(&threads[i], NULL, die_with_lock, (void *)i);
  }
  pthread_barrier_wait(&locked);
  void *head = NULL, *head_now = NULL;
  size_t length = 0, length_now = 0;
  must(syscall(SYS_get_robust_list, 0, &head, &length), "get_robust_list");
  report_ready();
  wait_for_verdict();
  must(syscall(SYS_get_robust_list, 0, &head_now, &length_now), "get_robust_list");
  REQUIRE(head == head_now && length == length_now, "robust list is %p, not %p", head_now, head);
  for (size_t i = 0; i < COUNT(robust); i++) {
    struct timespec deadline;
    clock_gettime(CLOCK_REALTIME, &deadline);
    deadline.tv_sec += 10;
    int error = pthread_mutex_timedlock(&robust[i], &deadline);
    REQUIRE(error == EOWNERDEAD, "locking mutex %zu gives %s, not EOWNERDEAD", i, strerror(error));
    pthread_join(threads[i], NULL);
  }
}

static struct rseq *own_area(void) { return (struct rseq *)((char *)__builtin_thread_pointer() + __rseq_offset); }

static void check_restartable(const char *who) {
  long result = syscall(SYS_rseq, own_area(), (uint32_t)sizeof(struct rseq), 0, RSEQ_SIG);
  REQUIRE(result == -1 && errno == EBUSY, "%s: registering again gives %ld (%s), not EBUSY", who, result,
          strerror(errno));
  cpu_set_t all, one;
  must(sched_getaffinity(0, sizeof all, &all), "sched_getaffinity");
  for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
    if (!CPU_ISSET(cpu, &all)) continue;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    must(sched_setaffinity(0, sizeof one, &one), "sched_setaffinity");
    REQUIRE(*(volatile uint32_t *)&own_area()->cpu_id == (uint32_t)cpu, "%s: on cpu %d the area says %u", who, cpu,
            own_area()->cpu_id);
    REQUIRE(sched_getcpu() == cpu, "%s: sched_getcpu says %d on cpu %d", who, sched_getcpu(), cpu);
  }
  must(sched_setaffinity(0, sizeof all, &all), "sched_setaffinity");
}

static void *restartable_thread(void *argument) {
  (void)argument;
  while (!verdict_wanted()) nap(2000);
  check_restartable("second thread");
  return NULL;
}

void run_restartable(int argc, char **argv) {
  (void)argc, (void)argv;
  REQUIRE(__rseq_size > 0, "the C library has not registered a restartable sequence");
  check_restartable("before");
  pthread_t thread;
  pthread_create(&thread, NULL, restartable_thread, NULL);
  report_ready();
  wait_for_verdict();
  check_restartable("first thread");
  pthread_join(thread, NULL);
}

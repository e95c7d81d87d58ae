/* Resource limits and what is scheduled how. */
#include <errno.h>
#include <fcntl.h>
#include <linux/ioprio.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "workload.h"

/* Soft and hard limits, all below the defaults, so that nobody needs a privilege to set them. */
static struct rlimit limit_for(int resource, struct rlimit now) {
  static const rlim_t soft[RLIMIT_NLIMITS] = {
    [RLIMIT_CPU] = 7200, [RLIMIT_FSIZE] = 1 << 30, [RLIMIT_STACK] = 4 << 20, [RLIMIT_CORE] = 4096,
    [RLIMIT_NOFILE] = 100, [RLIMIT_AS] = 1ul << 40, [RLIMIT_DATA] = 1ul << 36, [RLIMIT_MSGQUEUE] = 8192,
    [RLIMIT_RTTIME] = 12345678, [RLIMIT_SIGPENDING] = 50, [RLIMIT_MEMLOCK] = 8192,
  };
  struct rlimit limit = now;
  if (soft[resource] && soft[resource] < now.rlim_cur) limit.rlim_cur = soft[resource];
  if (resource == RLIMIT_NOFILE) limit.rlim_max = 400;
  if (resource == RLIMIT_FSIZE) limit.rlim_max = 1ul << 31;
  if (limit.rlim_max > now.rlim_max) limit.rlim_max = now.rlim_max;
  return limit;
}

void run_limits(int argc, char **argv) {
  (void)argc, (void)argv;
  struct rlimit limits[RLIMIT_NLIMITS], now;
  int high = (int)must(open("/dev/null", O_RDWR), "open");
  high = (int)must(dup2(high, 300), "dup2");  // above the soft limit to come
  for (int resource = 0; resource < RLIMIT_NLIMITS; resource++) {
    must(getrlimit((__rlimit_resource_t)resource, &now), "getrlimit");
    limits[resource] = limit_for(resource, now);
    must(setrlimit((__rlimit_resource_t)resource, &limits[resource]), "setrlimit");
  }
  report_ready();
  wait_for_verdict();
  for (int resource = 0; resource < RLIMIT_NLIMITS; resource++) {
    must(getrlimit((__rlimit_resource_t)resource, &now), "getrlimit");
    REQUIRE(now.rlim_cur == limits[resource].rlim_cur && now.rlim_max == limits[resource].rlim_max,
            "limit %d is %#lx, %#lx and was %#lx, %#lx", resource, now.rlim_cur, now.rlim_max,
            limits[resource].rlim_cur, limits[resource].rlim_max);
  }
  REQUIRE(fcntl(high, F_GETFD) == 0, "the descriptor above the limit is gone");
  REQUIRE(dup2(high, 100) == -1 && errno == EBADF, "the limit of descriptors is not in force");
}

struct kernel_schedule {
  uint32_t size, policy;
  uint64_t flags;
  int32_t nice;
  uint32_t priority;
  uint64_t runtime, deadline, period;
};

struct schedule {
  struct kernel_schedule attributes;
  unsigned long affinity[16];
  int slack, io;
};

static struct schedule schedule_now(void) {
  struct schedule now;
  memset(&now, 0, sizeof now);
  must(syscall(SYS_sched_getattr, 0, &now.attributes, (unsigned)sizeof now.attributes, 0), "sched_getattr");
  must(syscall(SYS_sched_getaffinity, 0, sizeof now.affinity, now.affinity), "sched_getaffinity");
  now.slack = prctl(PR_GET_TIMERSLACK);
  now.io = (int)must(syscall(SYS_ioprio_get, IOPRIO_WHO_PROCESS, 0), "ioprio_get");
  return now;
}

static void expect_schedule(struct schedule then, const char *who) {
  struct schedule now = schedule_now();
  REQUIRE(now.attributes.policy == then.attributes.policy, "%s: policy is %u, not %u", who, now.attributes.policy,
          then.attributes.policy);
  REQUIRE(now.attributes.nice == then.attributes.nice, "%s: nice is %d, not %d", who, now.attributes.nice,
          then.attributes.nice);
  REQUIRE(now.attributes.priority == then.attributes.priority, "%s: priority differs", who);
  REQUIRE(now.attributes.flags == then.attributes.flags, "%s: flags are %#lx, not %#lx", who, now.attributes.flags,
          then.attributes.flags);
  /* A time slice of its own: only newer kernels know and show it. */
  REQUIRE(now.attributes.runtime == then.attributes.runtime, "%s: time slice is %lu, not %lu", who,
          now.attributes.runtime, then.attributes.runtime);
  REQUIRE(!memcmp(now.affinity, then.affinity, sizeof now.affinity), "%s: affinity is %#lx, not %#lx", who,
          now.affinity[0], then.affinity[0]);
  REQUIRE(now.slack == then.slack, "%s: timer slack is %d, not %d", who, now.slack, then.slack);
  REQUIRE(now.io == then.io, "%s: I/O priority is %#x, not %#x", who, (unsigned)now.io, (unsigned)then.io);
}

static void choose(int policy, int nice_value, bool last_cpu, int slack, int io, uint64_t flags, uint64_t slice) {
  cpu_set_t all, one;
  must(sched_getaffinity(0, sizeof all, &all), "sched_getaffinity");
  CPU_ZERO(&one);
  for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
    if (!CPU_ISSET(cpu, &all)) continue;
    if (last_cpu) CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    if (!last_cpu) break;
  }
  must(sched_setaffinity(0, sizeof one, &one), "sched_setaffinity");
  struct kernel_schedule attributes = {
    .size = sizeof attributes, .policy = (uint32_t)policy, .nice = nice_value, .flags = flags,
    .runtime = slice};
  must(syscall(SYS_sched_setattr, 0, &attributes, 0), "sched_setattr");
  must(prctl(PR_SET_TIMERSLACK, slack), "PR_SET_TIMERSLACK");
  must(syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, io), "ioprio_set");
}

static pthread_barrier_t chosen;

static void *other_thread(void *argument) {
  (void)argument;
  choose(SCHED_IDLE, 11, true, 70000, IOPRIO_PRIO_VALUE(3, 0), 0, 0);
  struct schedule then = schedule_now();
  pthread_barrier_wait(&chosen);
  while (!verdict_wanted()) nap(2000);
  expect_schedule(then, "second thread");
  return NULL;
}

void run_scheduling(int argc, char **argv) {
  (void)argc, (void)argv;
  pthread_t thread;
  pthread_barrier_init(&chosen, NULL, 2);
  pthread_create(&thread, NULL, other_thread, NULL);
  choose(SCHED_BATCH, 7, false, 60000, IOPRIO_PRIO_VALUE(2, 6), 1 /* SCHED_FLAG_RESET_ON_FORK */, 5000000);
  struct schedule then = schedule_now();
  pthread_barrier_wait(&chosen);
  report_ready();
  wait_for_verdict();
  expect_schedule(then, "first thread");
  pthread_join(thread, NULL);
}

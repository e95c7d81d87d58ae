/* What the kernel promises about processors: critical sections of rseq(2) and expedited barriers of membarrier(2). */
#include <errno.h>
#include <linux/membarrier.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/rseq.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "workload.h"

enum { SECTIONS = 3 };
static uint64_t counter;  // of one processor; written in critical sections alone, without atomic instructions
static uint64_t own[SECTIONS], aborts[SECTIONS];
static atomic_bool ending;

/* Loads the counter, spins, stores it plus one: nearly always a thread is between the load and the store. Whoever is
 * interrupted there must begin anew, or the additions of others are lost. Returns whether it was interrupted. */
static bool add_one(struct rseq *area) {
  uint64_t interrupted;
  asm volatile(
    ".pushsection .data.rel, \"aw\"\n"
    ".balign 32\n"
    "3: .long 0, 0\n"
    ".quad 1f, 2f - 1f, 4f\n"
    ".popsection\n"
    "lea 3b(%%rip), %[interrupted]\n"
    "mov %[interrupted], %[section]\n"
    "1: mov %[counter], %%rcx\n"
    "mov $20000, %%edx\n"
    "5: dec %%edx\n"
    "jnz 5b\n"
    "inc %%rcx\n"
    "mov %%rcx, %[counter]\n"
    "2: mov $0, %[interrupted]\n"
    "jmp 6f\n"
    ".long 0x53053053\n"
    "4: mov $1, %[interrupted]\n"
    "6:\n"
    : [section] "=m"(area->rseq_cs), [counter] "+m"(counter), [interrupted] "=&r"(interrupted)
    :
    : "rcx", "rdx", "cc");
  return interrupted != 0;
}

static void *count(void *argument) {
  uintptr_t id = (uintptr_t)argument;
  struct rseq *area = (struct rseq *)((char *)__builtin_thread_pointer() + __rseq_offset);
  while (!atomic_load(&ending)) {
    if (add_one(area)) {
      aborts[id]++;
    } else {
      own[id]++;
    }
  }
  return NULL;
}

static uint64_t aborted(void) {
  uint64_t sum = 0;
  for (int i = 0; i < SECTIONS; i++) sum += *(volatile uint64_t *)&aborts[i];
  return sum;
}

void run_critical_section(int argc, char **argv) {
  (void)argc, (void)argv;
  REQUIRE(__rseq_size > 0, "the C library has not registered a restartable sequence");
  cpu_set_t all, one;
  must(sched_getaffinity(0, sizeof all, &all), "sched_getaffinity");
  int cpu = 0;
  while (!CPU_ISSET(cpu, &all)) cpu++;
  CPU_ZERO(&one);
  CPU_SET(cpu, &one);
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setaffinity_np(&attributes, sizeof one, &one);
  pthread_t threads[SECTIONS];
  for (uintptr_t i = 0; i < SECTIONS; i++) pthread_create(&threads[i], &attributes, count, (void *)i);
  while (aborted() < 2 * SECTIONS) nap(1000);
  report_ready();
  wait_for_verdict();
  uint64_t before = aborted();
  while (aborted() < before + SECTIONS) nap(1000);  // still registered
  atomic_store(&ending, true);
  uint64_t sum = 0;
  for (int i = 0; i < SECTIONS; i++) {
    pthread_join(threads[i], NULL);
    sum += own[i];
  }
  REQUIRE(sum == counter, "the threads have added %lu, the counter says %lu", sum, counter);
}

/* Each command of membarrier(2) that must be registered for. */
static const struct {
  int registration, command;
  const char *name;
} barriers[] = {
  {MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, MEMBARRIER_CMD_PRIVATE_EXPEDITED, "PRIVATE_EXPEDITED"},
  {MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE, MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE, "SYNC_CORE"},
  {MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ, MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ, "RSEQ"},
};

static long barrier(int command) { return syscall(SYS_membarrier, command, 0, 0); }

void run_membarrier(int argc, char **argv) {
  (void)argc, (void)argv;
  long known = must(barrier(MEMBARRIER_CMD_QUERY), "MEMBARRIER_CMD_QUERY");
  for (size_t i = 0; i < COUNT(barriers); i++) {
    if (!(known & barriers[i].registration)) continue;
    REQUIRE(barrier(barriers[i].command) == -1 && errno == EPERM, "%s works without registration", barriers[i].name);
    must(barrier(barriers[i].registration), barriers[i].name);
  }
  must(barrier(MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED), "REGISTER_GLOBAL_EXPEDITED");
  const int get_registrations = 1 << 9;  // MEMBARRIER_CMD_GET_REGISTRATIONS of Linux 6.3
  long before = barrier(get_registrations);
  report_ready();
  wait_for_verdict();
  REQUIRE(barrier(get_registrations) == before, "the registrations are %#lx, not %#lx", barrier(get_registrations),
          before);
  for (size_t i = 0; i < COUNT(barriers); i++)
    if (known & barriers[i].registration)
      REQUIRE(barrier(barriers[i].command) == 0, "%s: %s", barriers[i].name, strerror(errno));
}

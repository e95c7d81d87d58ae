/* The vDSO: its functions are called by the addresses that they had before, and say what the system calls say. */
#include <elf.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
#include "workload.h"

struct random_form {
  uint32_t size, protection, flags, reserved[13];
};

static struct functions {
  int (*clock_gettime)(clockid_t, struct timespec *);
  int (*clock_getres)(clockid_t, struct timespec *);
  int (*gettimeofday)(struct timeval *, void *);
  time_t (*time)(time_t *);
  int (*getcpu)(unsigned *, unsigned *, void *);
  ssize_t (*getrandom)(void *, size_t, unsigned, void *, size_t);
} functions;

/* By the dynamic symbols of the ELF object in memory; NULL for what it does not have. */
static void *find(const char *name) {
  const char *base = (const char *)getauxval(AT_SYSINFO_EHDR);
  REQUIRE(base, "there is no vDSO");
  const Elf64_Ehdr *head = (const void *)base;
  const Elf64_Phdr *segment = (const void *)(base + head->e_phoff);
  const Elf64_Sym *symbols = NULL;
  const char *strings = NULL;
  for (int i = 0; i < head->e_phnum; i++)
    if (segment[i].p_type == PT_DYNAMIC)
      for (const Elf64_Dyn *entry = (const void *)(base + segment[i].p_offset); entry->d_tag != DT_NULL; entry++) {
        if (entry->d_tag == DT_SYMTAB) symbols = (const void *)(base + entry->d_un.d_ptr);
        if (entry->d_tag == DT_STRTAB) strings = base + entry->d_un.d_ptr;
      }
  for (const Elf64_Sym *symbol = symbols; (const char *)symbol < strings; symbol++)
    if (!strcmp(strings + symbol->st_name, name)) return (void *)(base + symbol->st_value);
  return NULL;
}

static struct functions look_up(void) {
  return (struct functions){find("__vdso_clock_gettime"), find("__vdso_clock_getres"), find("__vdso_gettimeofday"),
                            find("__vdso_time"),          find("__vdso_getcpu"),       find("__vdso_getrandom")};
}

static int64_t ns(struct timespec time) { return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec; }

static void check_clocks(void) {
  static const clockid_t clocks[] = {CLOCK_REALTIME,     CLOCK_MONOTONIC,        CLOCK_MONOTONIC_RAW,
                                     CLOCK_REALTIME_COARSE, CLOCK_MONOTONIC_COARSE, CLOCK_BOOTTIME,
                                     CLOCK_TAI,          CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID};
  for (size_t i = 0; i < COUNT(clocks); i++) {
    struct timespec before, between, after;
    must(syscall(SYS_clock_gettime, clocks[i], &before), "clock_gettime");
    REQUIRE(functions.clock_gettime(clocks[i], &between) == 0, "clock %d cannot be read", clocks[i]);
    must(syscall(SYS_clock_gettime, clocks[i], &after), "clock_gettime");
    REQUIRE(ns(before) <= ns(between) && ns(between) <= ns(after), "clock %d is %ld, not from %ld to %ld", clocks[i],
            ns(between), ns(before), ns(after));
    must(syscall(SYS_clock_getres, clocks[i], &before), "clock_getres");
    REQUIRE(functions.clock_getres(clocks[i], &between) == 0 && ns(before) == ns(between), "resolution of clock %d",
            clocks[i]);
  }
  struct timespec before, after;
  struct timeval between;
  must(syscall(SYS_clock_gettime, CLOCK_REALTIME, &before), "clock_gettime");
  REQUIRE(functions.gettimeofday(&between, NULL) == 0, "gettimeofday");
  must(syscall(SYS_clock_gettime, CLOCK_REALTIME, &after), "clock_gettime");
  int64_t us = (int64_t)between.tv_sec * 1000000 + between.tv_usec;
  REQUIRE(ns(before) / 1000 <= us && us <= ns(after) / 1000, "gettimeofday says %ld us", us);
  time_t stored = 0, seconds = functions.time(&stored);
  REQUIRE(stored == seconds && seconds >= before.tv_sec - 1 && seconds <= after.tv_sec + 1, "time says %ld", seconds);
  REQUIRE(functions.clock_gettime(1000, &before) != 0, "a clock that does not exist can be read");
}

static void check_processor(void) {
  cpu_set_t all, one;
  must(sched_getaffinity(0, sizeof all, &all), "sched_getaffinity");
  for (unsigned cpu = 0; cpu < CPU_SETSIZE; cpu++) {
    if (!CPU_ISSET(cpu, &all)) continue;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    must(sched_setaffinity(0, sizeof one, &one), "sched_setaffinity");
    unsigned shown = 9999;
    REQUIRE(functions.getcpu(&shown, NULL, NULL) == 0 && shown == cpu, "getcpu says %u on processor %u", shown, cpu);
  }
  must(sched_setaffinity(0, sizeof all, &all), "sched_setaffinity");
}

/* A state of the form that the vDSO asks for; it is kept over the restart, as a C library keeps it. */
static void *state;
static size_t state_size;
static void check_random(void) {
  if (!functions.getrandom) return;
  struct random_form form;
  memset(&form, 0xff, sizeof form);
  REQUIRE(functions.getrandom(NULL, 0, 0, &form, ~0UL) == 0 && form.size > 0 && form.size < PAGE, "the form of a state");
  if (!state) {
    state_size = form.size;
    state = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    REQUIRE(state != MAP_FAILED, "mmap");
  }
  uint64_t words[2][16] = {{0}};
  for (int i = 0; i < 2; i++)
    REQUIRE(functions.getrandom(words[i], sizeof words[i], 0, state, state_size) == sizeof words[i], "getrandom");
  REQUIRE(memcmp(words[0], words[1], sizeof words[0]) && words[0][3] && words[1][15], "getrandom gives the same twice");
}

/* Is inside the vDSO nearly all the time. */
static atomic_bool ending;
static void *read_clock(void *unused) {
  int64_t last = 0;
  while (!atomic_load(&ending)) {
    struct timespec now;
    REQUIRE(functions.clock_gettime(CLOCK_MONOTONIC, &now) == 0, "clock_gettime");
    REQUIRE(ns(now) >= last, "CLOCK_MONOTONIC has gone back by %ld ns", last - ns(now));
    last = ns(now);
  }
  return unused;
}

void run_vdso(int argc, char **argv) {
  (void)argc, (void)argv;
  functions = look_up();
  REQUIRE(functions.clock_gettime && functions.clock_getres && functions.gettimeofday && functions.time &&
            functions.getcpu, "the vDSO lacks a function");
  check_clocks();
  check_processor();
  check_random();
  pthread_t thread;
  pthread_create(&thread, NULL, read_clock, NULL);
  report_ready();
  wait_for_verdict();
  struct functions again = look_up();
  REQUIRE(!memcmp(&again, &functions, sizeof again), "the functions are found at other addresses");
  check_clocks();
  check_processor();
  check_random();
  REQUIRE(time(NULL) - functions.time(NULL) <= 1, "the C library says another time");
  atomic_store(&ending, true);
  pthread_join(thread, NULL);
}

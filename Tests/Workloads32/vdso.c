/* The vDSO: its functions are called by the addresses that they had before, and say what the system calls say. */
#include <linux/elf.h>
#include "program32.h"

enum { AT_SYSINFO = 32, AT_SYSINFO_EHDR = 33, MONOTONIC = 1 };

static const struct functions {
  int (*clock_gettime)(int, struct time32 *);
  int (*clock_gettime64)(int, struct time64 *);
  int (*clock_getres)(int, struct time32 *);
  int (*gettimeofday)(int32_t *, void *);
  int32_t (*time)(int32_t *);
} *functions;

/* By the dynamic symbols of the ELF object in memory. */
static void *find(const char *name, size_t length) {
  const char *base = (const char *)auxiliary(AT_SYSINFO_EHDR), *strings = NULL;
  const Elf32_Ehdr *head = (const void *)base;
  const Elf32_Phdr *segment = (const void *)(base + head->e_phoff);
  const Elf32_Sym *symbols = NULL;
  while (segment->p_type != PT_DYNAMIC) segment++;
  for (const Elf32_Dyn *entry = (const void *)(base + segment->p_offset); entry->d_tag != DT_NULL; entry++) {
    if (entry->d_tag == DT_SYMTAB) symbols = (const void *)(base + entry->d_un.d_ptr);
    if (entry->d_tag == DT_STRTAB) strings = base + entry->d_un.d_ptr;
  }
  for (const Elf32_Sym *symbol = symbols; (const char *)symbol < strings; symbol++)
    if (equal(strings + symbol->st_name, name, length)) return (void *)(base + symbol->st_value);
  fail(name, 0);
}
#define FIND(name) find(name, sizeof name)

static long vsyscall(long number) {
  long result;
  __asm__ volatile("call *%1" : "=a"(result) : "r"(auxiliary(AT_SYSINFO)), "0"(number) : "memory", "ecx", "edx");
  return result;
}

static void check(void) {
  struct time32 before, between, after;
  struct time64 long_between;
  CALL(clock_gettime, MONOTONIC, &before);
  int result = functions->clock_gettime(MONOTONIC, &between);
  REQUIRE(result == 0, result);
  result = functions->clock_gettime64(MONOTONIC, &long_between);
  REQUIRE(result == 0, result);
  CALL(clock_gettime, MONOTONIC, &after);
  int32_t first = between.seconds - before.seconds, second = (int32_t)long_between.seconds - between.seconds;
  REQUIRE(first >= 0 && (first > 0 || between.nanoseconds >= before.nanoseconds), first);
  REQUIRE(second >= 0 && (second > 0 || long_between.nanoseconds >= between.nanoseconds), second);
  REQUIRE(after.seconds >= long_between.seconds, after.seconds);
  CALL(clock_getres, MONOTONIC, &before);
  result = functions->clock_getres(MONOTONIC, &between);
  REQUIRE(result == 0 && equal(&before, &between, sizeof before), result);
  int32_t now[2], seconds;
  functions->gettimeofday(now, NULL);
  seconds = functions->time(NULL);
  REQUIRE(seconds - now[0] >= -1 && seconds - now[0] < 10, seconds - now[0]); /* time(2) goes by ticks */
  CALL(gettimeofday, now, NULL);
  REQUIRE(now[0] - seconds >= 0 && now[0] - seconds < 10, now[0] - seconds);
  REQUIRE(vsyscall(__NR_gettid) == current_thread(), vsyscall(__NR_gettid));
}

/* Sleeps by the code of the vDSO, and is stopped there. */
static void sleep_there(uint32_t milliseconds) {
  struct time32 time = {0, (int32_t)milliseconds * 1000000};
  while (!verdict_wanted()) {
    long result;
    __asm__ volatile("call *%%edx"
                     : "=a"(result) : "0"(__NR_nanosleep), "b"(&time), "c"(0), "d"(auxiliary(AT_SYSINFO)) : "memory");
    REQUIRE(result == 0, result);
  }
}

void run_vdso(void) {
  struct functions found = {FIND("__vdso_clock_gettime"), FIND("__vdso_clock_gettime64"), FIND("__vdso_clock_getres"),
                            FIND("__vdso_gettimeofday"), FIND("__vdso_time")};
  functions = &found;
  static volatile int32_t alive;
  check();
  start_thread(sleep_there, 300, &alive);
  report("ready");
  while (!verdict_wanted()) check(), nap(2);
  check();
  join_thread(&alive);
}

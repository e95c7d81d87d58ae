/* Anonymous memory: the heap and its growth, sparse areas, protections, advice, locks. */
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "maps.h"
#include "workload.h"

enum { SPARSE_PAGES = 16384, STEP = 17, PARTS = 16, BLOCKS = 400 };

static char *map_anonymous(size_t pages, int protection, int flags) {
  char *area = mmap(NULL, pages * PAGE, protection, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
  REQUIRE(area != MAP_FAILED, "mmap of %zu pages", pages);
  return area;
}

static sigjmp_buf fault;
static void on_fault(int signal) {
  (void)signal;
  siglongjmp(fault, 1);
}

/* Whether touching the byte raises SIGSEGV. */
static bool faults(volatile char *byte, bool writing) {
  struct sigaction action = {.sa_handler = on_fault}, old;
  sigaction(SIGSEGV, &action, &old);
  bool faulted = true;
  if (!sigsetjmp(fault, 1)) {
    char value = *byte;
    if (writing) *byte = value;
    faulted = false;
  }
  sigaction(SIGSEGV, &old, NULL);
  return faulted;
}

static const int protections[PARTS] = {
  PROT_READ | PROT_WRITE, PROT_READ, PROT_NONE, PROT_READ | PROT_EXEC, PROT_READ | PROT_WRITE, PROT_NONE, PROT_NONE,
  PROT_READ, PROT_READ | PROT_WRITE | PROT_EXEC, PROT_READ, PROT_READ, PROT_WRITE | PROT_READ, PROT_NONE, PROT_READ,
  PROT_READ | PROT_EXEC, PROT_READ | PROT_WRITE,
};

static void check_sparse(char *sparse) {
  static unsigned char resident[SPARSE_PAGES];
  must(mincore(sparse, SPARSE_PAGES * PAGE, resident), "mincore");
  for (size_t page = 0; page < SPARSE_PAGES; page++)
    REQUIRE((resident[page] & 1) == (page % STEP == 0), "page %zu of the sparse area is%s resident", page,
            resident[page] & 1 ? "" : " not");
  for (size_t page = 0; page < SPARSE_PAGES; page++) {
    char *content = sparse + page * PAGE;
    if (page % STEP == 0) {
      size_t good = first_difference(content, PAGE, page);
      REQUIRE(good == PAGE, "page %zu of the sparse area differs at %zu", page, good);
    } else {
      for (size_t i = 0; i < PAGE; i += 64) REQUIRE(content[i] == 0, "page %zu of the sparse area is not zero", page);
    }
  }
}

static void check_parts(char *parts) {
  for (size_t i = 0; i < PARTS; i++) {
    char *part = parts + i * PAGE;
    REQUIRE(faults(part, false) == !(protections[i] & PROT_READ), "part %zu: reading is wrong", i);
    REQUIRE(faults(part, true) == !(protections[i] & PROT_WRITE), "part %zu: writing is wrong", i);
    must(mprotect(part, PAGE, PROT_READ | PROT_WRITE), "mprotect");
    size_t good = first_difference(part, PAGE, 1000 + i);
    REQUIRE(good == PAGE, "part %zu differs at %zu", i, good);
  }
}

void run_memory(int argc, char **argv) {
  (void)argc, (void)argv;
  char *blocks[BLOCKS];
  for (size_t i = 0; i < BLOCKS; i++) {  // below the mmap threshold: in the heap
    blocks[i] = malloc(1000 + i * 31);
    fill(blocks[i], 1000 + i * 31, i);
  }
  char *raw = sbrk(50 * PAGE);
  REQUIRE(raw != (void *)-1, "sbrk");
  fill(raw, 50 * PAGE, 77);

  char *sparse = map_anonymous(SPARSE_PAGES, PROT_READ | PROT_WRITE, 0);
  madvise(sparse, SPARSE_PAGES * PAGE, MADV_NOHUGEPAGE);
  for (size_t page = 0; page < SPARSE_PAGES; page += STEP) fill(sparse + page * PAGE, PAGE, page);
  char *parts = map_anonymous(PARTS, PROT_READ | PROT_WRITE, 0);
  for (size_t i = 0; i < PARTS; i++) {
    fill(parts + i * PAGE, PAGE, 1000 + i);
    must(mprotect(parts + i * PAGE, PAGE, protections[i]), "mprotect");
  }
  char *reserve = map_anonymous(1 << 20, PROT_NONE, MAP_NORESERVE);  // 4 GiB of addresses

  static const int advice[] = {MADV_DONTFORK, MADV_DONTDUMP, MADV_WIPEONFORK, MADV_SEQUENTIAL, MADV_RANDOM,
                               MADV_HUGEPAGE, MADV_NOHUGEPAGE, MADV_MERGEABLE};
  char *advised[COUNT(advice)], *locked = map_anonymous(4, PROT_READ | PROT_WRITE, 0);
  const char *flags[COUNT(advice)];
  for (size_t i = 0; i < COUNT(advice); i++) {
    advised[i] = map_anonymous(4, PROT_READ | PROT_WRITE, 0);
    fill(advised[i], 4 * PAGE, 2000 + i);
    madvise(advised[i], 4 * PAGE, advice[i]);  // a kernel without some of them leaves the flag out before and after
  }
  bool can_lock = mlock(locked, 4 * PAGE) == 0;
  fill(locked, 4 * PAGE, 3000);
  for (size_t i = 0; i < COUNT(advice); i++) flags[i] = area_flags(advised[i]);
  const char *lock_flags = area_flags(locked);
  REQUIRE(!can_lock || strstr(lock_flags, "lo"), "mlock shows as %s", lock_flags);
  void *top = sbrk(0);
  const char *map = map_text();
  report_ready();
  wait_for_verdict();

  require_same_map(map, map_text());
  REQUIRE(sbrk(0) == top, "the break is %p, not %p", sbrk(0), top);
  for (size_t i = 0; i < BLOCKS; i++) {
    size_t size = 1000 + i * 31, good = first_difference(blocks[i], size, i);
    REQUIRE(good == size, "heap block %zu differs at %zu", i, good);
  }
  REQUIRE(first_difference(raw, 50 * PAGE, 77) == 50 * PAGE, "memory below the break differs");
  for (size_t i = 0; i < COUNT(advice); i++) {
    REQUIRE(first_difference(advised[i], 4 * PAGE, 2000 + i) == 4 * PAGE, "advised area %zu differs", i);
    REQUIRE(!strcmp(area_flags(advised[i]), flags[i]), "advice %d: was %s, is %s", advice[i], flags[i],
            area_flags(advised[i]));
  }
  REQUIRE(first_difference(locked, 4 * PAGE, 3000) == 4 * PAGE, "the locked area differs");
  REQUIRE(!strcmp(area_flags(locked), lock_flags), "lock: was %s, is %s", lock_flags, area_flags(locked));
  check_sparse(sparse);
  check_parts(parts);
  REQUIRE(faults(reserve, false), "reserved addresses can be read");
  must(mprotect(reserve, PAGE, PROT_READ | PROT_WRITE), "mprotect of reserved addresses");
  reserve[5] = 1;
  for (size_t i = 0; i < BLOCKS; i++) free(blocks[i]);
  char *more = sbrk(200 * PAGE);
  REQUIRE(more == top, "the heap does not grow from where it ended");
  fill(more, 200 * PAGE, 78);
  REQUIRE(first_difference(more, 200 * PAGE, 78) == 200 * PAGE, "new heap pages differ");
  void *big = malloc(64 << 20);
  REQUIRE(big, "malloc of 64 MiB");
  fill(big, 1 << 20, 5);
}

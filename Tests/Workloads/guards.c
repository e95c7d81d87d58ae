/* Guard regions (madvise(2), MADV_GUARD_INSTALL): pages that fault whatever the protection, in areas that have content. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "workload.h"

enum { INSTALL = 102, REMOVE = 103, PAGES = 8192 };

/* Whether the kernel can read the byte on our behalf: a guard gives EFAULT. */
static bool is_readable(int ends[2], const char *address) {
  char byte;
  if (write(ends[1], address, 1) == 1) {
    must(read(ends[0], &byte, 1), "read");
    return true;
  }
  REQUIRE(errno == EFAULT, "write: %s", strerror(errno));
  return false;
}

/* Single pages, neighbours, and a long region. */
static bool is_guard(size_t page) {
  return page == 0 || page == 5 || page == 6 || (page >= 100 && page < 1000 && page % 3 == 1) ||
         (page >= 2000 && page < 3000) || page == PAGES - 1;
}

static void check(char *area, int ends[2]) {
  for (size_t page = 0; page < PAGES; page++) {
    char *address = area + page * PAGE;
    REQUIRE(is_readable(ends, address) != is_guard(page), "page %zu is %s guard", page, is_guard(page) ? "no" : "a");
    if (is_guard(page) || page % 7) continue;
    REQUIRE(first_difference(address, PAGE, page) == PAGE, "page %zu differs", page);
  }
}

void run_guards(int argc, char **argv) {
  (void)argc, (void)argv;
  char *areas[2];
  int ends[2];
  must(pipe(ends), "pipe");
  bool offered = true;
  for (int i = 0; i < 2; i++) {
    areas[i] = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    REQUIRE(areas[i] != MAP_FAILED, "mmap");
    for (size_t page = 0; page < PAGES; page += 7) fill(areas[i] + page * PAGE, PAGE, page);
    for (size_t page = 0; page < PAGES && offered; page++)
      if (is_guard(page)) offered = madvise(areas[i] + page * PAGE, PAGE, INSTALL) == 0;
  }
  must(mprotect(areas[1], PAGES * PAGE, PROT_READ), "mprotect");
  if (!offered) report("with no guard regions: this kernel has none");
  report_ready();
  wait_for_verdict();
  if (!offered) return;
  check(areas[0], ends);
  check(areas[1], ends);
  must(madvise(areas[0] + 5 * PAGE, PAGE, REMOVE), "MADV_GUARD_REMOVE");
  REQUIRE(is_readable(ends, areas[0] + 5 * PAGE) && areas[0][5 * PAGE] == 0, "a removed guard leaves a page of zeroes");
}

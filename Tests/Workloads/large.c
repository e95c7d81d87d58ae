/* One task with a given amount of memory that no compression makes small. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include "workload.h"

void run_large(int argc, char **argv) {
  size_t bytes = (argc > 0 ? strtoul(argv[0], NULL, 10) : 64) << 20;
  char *area = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  REQUIRE(area != MAP_FAILED, "mmap of %zu bytes", bytes);
  fill(area, bytes, 4711);
  report_ready();
  wait_for_verdict();
  size_t place = first_difference(area, bytes, 4711);
  REQUIRE(place == bytes, "byte %zu of memory is another", place);
}

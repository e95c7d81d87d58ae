/* The smallest job that does something: counts, and keeps count and checksum in a file that it holds open. */
#include <fcntl.h>
#include <unistd.h>
#include "workload.h"

void run_counter(int argc, char **argv) {
  (void)argc, (void)argv;
  uint64_t record[2] = {0, 0};
  int file = (int)must(open(inside("count"), O_RDWR | O_CREAT, 0644), "count");
  for (;;) {
    record[0]++;
    record[1] = mix(record[1] ^ record[0]);
    REQUIRE(pwrite(file, record, sizeof record, 0) == sizeof record, "pwrite");
    if (record[0] == 3) report_ready();
    if (record[0] > 3 && verdict_wanted()) break;
    REQUIRE(nap(2000), "nanosleep was interrupted");
  }
  uint64_t kept[2], again = 0;
  REQUIRE(pread(file, kept, sizeof kept, 0) == sizeof kept, "pread");
  for (uint64_t count = 1; count <= kept[0]; count++) again = mix(again ^ count);
  REQUIRE(kept[0] == record[0] && kept[1] == again, "the file says %lu, %#lx; it should be %lu, %#lx", kept[0],
          kept[1], record[0], again);
}

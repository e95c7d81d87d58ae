/* Mappings of files: private with some pages changed, private untouched, shared, read-only; and code made at run time. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "maps.h"
#include "workload.h"

enum { PAGES = 64 };

static char *map_file(int file, size_t pages, int protection, int flags, off_t offset) {
  char *area = mmap(NULL, pages * PAGE, protection, flags, file, offset);
  REQUIRE(area != MAP_FAILED, "mmap of a file");
  return area;
}

/* mov $value, %eax; ret */
static void write_code(unsigned char *code, uint32_t value) {
  code[0] = 0xb8;
  memcpy(code + 1, &value, 4);
  code[5] = 0xc3;
}

static void check_private(const char *area, bool changed) {
  for (size_t page = 0; page < PAGES; page++) {
    bool own = changed && page % 5 == 2;
    for (size_t i = 0; i < PAGE; i += 8) {
      uint64_t word, expected = own ? mix((5000 + page) ^ i) : mix(11 ^ (page * PAGE + i));
      memcpy(&word, area + page * PAGE + i, 8);
      REQUIRE(word == expected, "page %zu of a private mapping differs at %zu", page, i);
    }
  }
}

void run_mappings(int argc, char **argv) {
  (void)argc, (void)argv;
  int file = filled_file("mapped", PAGES * PAGE, 11, O_RDWR);
  char *changed = map_file(file, PAGES, PROT_READ | PROT_WRITE, MAP_PRIVATE, 0);
  for (size_t page = 2; page < PAGES; page += 5) fill(changed + page * PAGE, PAGE, 5000 + page);
  char *untouched = map_file(file, PAGES, PROT_READ, MAP_PRIVATE, 0);
  int read_only = (int)must(open(inside("mapped"), O_RDONLY), "open");
  char *shared_read_only = map_file(read_only, 8, PROT_READ, MAP_SHARED, 8 * PAGE);
  close(read_only);  // the mapping keeps the file

  int shared_file = filled_file("shared", 32 * PAGE, 12, O_RDWR);
  char *shared = map_file(shared_file, 32, PROT_READ | PROT_WRITE, MAP_SHARED, 0);
  fill(shared + 4 * PAGE, PAGE, 6000);
  close(shared_file);

  int short_file = filled_file("short", PAGE + 100, 13, O_RDWR);  // the mapping's second page is part file, part zero
  char *tail = map_file(short_file, 2, PROT_READ | PROT_WRITE, MAP_PRIVATE, 0);

  unsigned char *code = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  write_code(code, 4711);
  must(mprotect(code, PAGE, PROT_READ | PROT_EXEC), "mprotect");
  uint32_t (*function)(void);
  memcpy(&function, &code, sizeof function);
  REQUIRE(function() == 4711, "code made at run time");
  const char *map = map_text();
  report_ready();
  wait_for_verdict();

  require_same_map(map, map_text());
  check_private(changed, true);
  check_private(untouched, false);
  for (size_t i = 0; i < 8 * PAGE; i += 8) {
    uint64_t word;
    memcpy(&word, shared_read_only + i, 8);
    REQUIRE(word == mix(11 ^ (8 * PAGE + i)), "the read-only shared mapping differs at %zu", i);
  }
  REQUIRE(first_difference(shared + 4 * PAGE, PAGE, 6000) == PAGE, "the shared mapping has lost what was written");
  fill(shared + 9 * PAGE, PAGE, 6001);
  char page[PAGE];
  int again = (int)must(open(inside("shared"), O_RDONLY), "open");
  REQUIRE(pread(again, page, PAGE, 9 * PAGE) == (ssize_t)PAGE, "pread");
  REQUIRE(first_difference(page, PAGE, 6001) == PAGE, "what is written to the shared mapping does not reach the file");
  REQUIRE(pread(file, page, PAGE, 2 * PAGE) == (ssize_t)PAGE, "pread");
  for (size_t i = 0; i < PAGE; i += 8) {
    uint64_t word;
    memcpy(&word, page + i, 8);
    REQUIRE(word == mix(11 ^ (2 * PAGE + i)), "a private page has reached the file");
  }
  REQUIRE(first_difference(tail, PAGE + 96, 13) == PAGE + 96, "the mapping of the short file differs");
  for (size_t i = PAGE + 100; i < 2 * PAGE; i++) REQUIRE(tail[i] == 0, "beyond the end of the file: not zero");
  REQUIRE(function() == 4711, "code made at run time gives another result");
  must(mprotect(code, PAGE, PROT_READ | PROT_WRITE), "mprotect");
  write_code(code, 4712);
  must(mprotect(code, PAGE, PROT_READ | PROT_EXEC), "mprotect");
  REQUIRE(function() == 4712, "code cannot be made again");
}

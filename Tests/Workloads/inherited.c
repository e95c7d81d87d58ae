/* Memory that tasks have in common since fork(2), and what has become different since: written, dropped, unmapped, grown,
 * mapped anew. What was common must be common after the restart, too (copy on write). */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include "maps.h"
#include "workload.h"

enum { COMMON = 512, CHANGED = 240, CUT = 60, GROWN = 64, FILE_PAGES = 16 };

static char *common, *changed, *cut, *grown, *replaced, *file, *later;

/* Between pages of another protection, so that it does not merge with its neighbours. */
static char *map_anonymous(size_t pages) {
  char *area = mmap(NULL, (pages + 2) * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  REQUIRE(area != MAP_FAILED, "mmap of %zu pages", pages);
  must(mprotect(area + PAGE, pages * PAGE, PROT_READ | PROT_WRITE), "mprotect");
  madvise(area + PAGE, pages * PAGE, MADV_NOHUGEPAGE);
  return area + PAGE;
}

static void require_pages(const char *area, size_t pages, uint64_t seed, const char *what) {
  size_t good = first_difference(area, pages * PAGE, seed);
  REQUIRE(good == pages * PAGE, "%s differs at %zu", what, good);
}

/* Bit 56 of /proc/PID/pagemap: mapped by this task alone. */
static void require_shared(const char *area, size_t pages, const char *what) {
  static uint64_t entries[COMMON];
  int map = (int)must(open("/proc/self/pagemap", O_RDONLY), "pagemap");
  must(pread(map, entries, pages * 8, (off_t)((uintptr_t)area / PAGE * 8)), "reading pagemap");
  close(map);
  for (size_t page = 0; page < pages; page++) {
    REQUIRE(entries[page] >> 63 & 1, "%s: page %zu is not present", what, page);
    REQUIRE(!(entries[page] >> 56 & 1), "%s: page %zu is not shared any more", what, page);
  }
}

static void require_zero(const char *page, const char *what) {
  for (size_t i = 0; i < PAGE; i += 8) REQUIRE(!page[i], "%s is not zero", what);
}

static bool is_written(size_t page) { return page % 3 == 0; }
static bool is_dropped(size_t page) { return page % 5 == 1 && !is_written(page); }

static void change_child(void) {
  for (size_t page = 0; page < CHANGED; page++) {
    if (is_written(page)) fill(changed + page * PAGE, PAGE, 5000 + page);
    if (is_dropped(page)) must(madvise(changed + page * PAGE, PAGE, MADV_DONTNEED), "madvise");
  }
  must(munmap(cut + 20 * PAGE, 20 * PAGE), "munmap");
  REQUIRE(mremap(grown, GROWN * PAGE, 2 * GROWN * PAGE, 0) == grown, "mremap");
  fill(grown + GROWN * PAGE, GROWN * PAGE, 6000);
  REQUIRE(mmap(replaced, 4 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == replaced, "mmap");
  must(madvise(file, PAGE, MADV_DONTNEED), "madvise");
  fill(file + 9 * PAGE, PAGE, 7000);
  char *raw = sbrk(30 * PAGE);
  REQUIRE(raw != (void *)-1, "sbrk");
  fill(raw, 30 * PAGE, 8000);
}

static void check_child(const char *heap) {
  for (size_t page = 0; page < CHANGED; page++) {
    char *content = changed + page * PAGE;
    if (is_dropped(page)) require_zero(content, "a dropped page");
    else require_pages(content, 1, (is_written(page) ? 5000 : 1000) + page, "the changed area");
  }
  for (size_t page = 0; page < CUT; page++)
    if (page < 20 || page >= 40) require_pages(cut + page * PAGE, 1, 2000 + page, "the cut area");
  require_pages(grown, GROWN, 3000, "the grown area");
  require_pages(grown + GROWN * PAGE, GROWN, 6000, "what the grown area has grown by");
  for (size_t page = 0; page < 4; page++) require_zero(replaced + page * PAGE, "the replaced area");
  require_pages(file, 1, 4, "a page of the file");
  require_pages(file + PAGE, 1, 4001, "a changed page of the file");
  require_pages(file + 9 * PAGE, 1, 7000, "another changed page of the file");
  require_pages(heap, 30, 8000, "the heap");
  require_shared(grown, GROWN, "the grown area");
}

static void check_parent(void) {
  for (size_t page = 0; page < CHANGED; page++)
    require_pages(changed + page * PAGE, 1, (page == 2 ? 9000 : 1000) + page, "the changed area");
  for (size_t page = 0; page < CUT; page++) require_pages(cut + page * PAGE, 1, 2000 + page, "the cut area");
  require_pages(grown, GROWN, 3000, "the grown area");
  require_pages(replaced, 4, 4500, "the replaced area");
  for (size_t page = 0; page < 4; page++) require_pages(file + page * PAGE, 1, 4000 + page, "the file's pages");
  require_pages(later, 8, 9500, "the later area");
}

/* All live until the root has looked: a page is shared only as long as somebody else has it. */
static void wait_until_over(void) {
  while (access(inside("over"), F_OK)) nap(2000);
}

static _Noreturn void be_child(int depth, int ready) {
  if (depth == 0) change_child();
  char *heap = (char *)sbrk(0) - 30 * PAGE;
  pid_t child = depth < 2 ? (pid_t)must(fork(), "fork") : 0;
  if (!child && depth < 2) be_child(depth + 1, ready);
  const char *map = map_text();
  if (depth == 2) must(write(ready, "r", 1), "write");
  wait_for_verdict();
  require_same_map(map, map_text());
  check_child(heap);
  require_shared(common, COMMON, "the common area");
  wait_until_over();
  if (child) reap_clean(child, "a grandchild");
  _exit(0);
}

void run_inherited(int argc, char **argv) {
  (void)argc, (void)argv;
  close(filled_file("content", FILE_PAGES * PAGE, 4, O_RDONLY));
  int content = (int)must(open(inside("content"), O_RDONLY), "open");
  file = mmap(NULL, FILE_PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, content, 0);
  REQUIRE(file != MAP_FAILED, "mmap of a file");
  for (size_t page = 0; page < 4; page++) fill(file + page * PAGE, PAGE, 4000 + page);
  fill(common = map_anonymous(COMMON), COMMON * PAGE, 1);
  changed = map_anonymous(CHANGED);
  for (size_t page = 0; page < CHANGED; page++) fill(changed + page * PAGE, PAGE, 1000 + page);
  cut = map_anonymous(CUT);
  for (size_t page = 0; page < CUT; page++) fill(cut + page * PAGE, PAGE, 2000 + page);
  grown = map_anonymous(3 * GROWN);
  must(munmap(grown + GROWN * PAGE, 2 * GROWN * PAGE), "munmap");
  fill(grown, GROWN * PAGE, 3000);
  fill(replaced = map_anonymous(4), 4 * PAGE, 4500);
  int ready[2];
  must(pipe(ready), "pipe");
  pid_t child = (pid_t)must(fork(), "fork");
  if (!child) be_child(0, ready[1]);
  fill(changed + 2 * PAGE, PAGE, 9002);
  fill(later = map_anonymous(8), 8 * PAGE, 9500);
  char byte;
  must(read(ready[0], &byte, 1), "read");
  const char *map = map_text();
  require_shared(common, COMMON, "the common area");
  report_ready();
  wait_for_verdict();
  require_same_map(map, map_text());
  check_parent();
  require_shared(common, COMMON, "the common area");
  close((int)must(open(inside("over"), O_CREAT | O_WRONLY, 0666), "open"));
  reap_clean(child, "the child");
}

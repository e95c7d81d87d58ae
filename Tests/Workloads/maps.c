#include "maps.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "workload.h"

enum { TEXT = 256 << 10, KEPT = 4 };

/* One mapping for all texts, made at the first use, so that looking later does not change the map. */
static char *buffer(int which) {
  static char *all;
  if (!all) {
    all = mmap(NULL, TEXT * (KEPT + 1), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    REQUIRE(all != MAP_FAILED, "mmap");
  }
  REQUIRE(which <= KEPT, "too many maps kept");
  return all + TEXT * which;
}

static void read_into(char *text, const char *path) {
  int file = (int)must(open(path, O_RDONLY), path);
  size_t used = 0;
  for (ssize_t got; (got = must(read(file, text + used, TEXT - 1 - used), path)) > 0;) used += (size_t)got;
  text[used] = 0;
  close(file);
}

const char *map_text(void) {
  static int kept;
  char *result = buffer(1 + kept++), *raw = buffer(0), *write = result;
  read_into(raw, "/proc/self/maps");
  unsigned long last_end = 0;
  char last_rest[400] = "";
  for (char *line = strtok(raw, "\n"); line; line = strtok(NULL, "\n")) {
    unsigned long start, end;
    int rest = 0;
    REQUIRE(sscanf(line, "%lx-%lx %n", &start, &end, &rest) == 2, "strange line in maps: %s", line);
    bool anonymous = strstr(line + rest, " 00:00 0") && !strchr(line + rest, '/') && !strchr(line + rest, '[');
    if (anonymous && start == last_end && !strcmp(last_rest, line + rest)) {
      last_end = end;
      write = strrchr(result, ' ');  // the line's end address is its last word
      write += sprintf(write, " %lx", end);
      continue;
    }
    if (strstr(line, "[stack]")) start = 0;
    if (write != result) *write++ = '\n';
    write += sprintf(write, "%lx %s %lx", start, line + rest, end);
    last_end = anonymous ? end : 0;
    snprintf(last_rest, sizeof last_rest, "%s", line + rest);
  }
  return result;
}

void require_same_map(const char *before, const char *now) {
  size_t i = 0, line = 0;
  for (; before[i] && before[i] == now[i]; i++)
    if (before[i] == '\n') line = i + 1;
  if (before[i] == now[i]) return;
  fail("the map differs: was '%.*s', is '%.*s'", (int)strcspn(before + line, "\n"), before + line,
       (int)strcspn(now + line, "\n"), now + line);
}

const char *area_flags(const void *start) {
  char *text = read_text("/proc/self/smaps", NULL), prefix[32];
  snprintf(prefix, sizeof prefix, "%lx-", (unsigned long)start);
  char *area = strstr(text, prefix);
  REQUIRE(area, "no area begins at %p", start);
  char *flags = strstr(area, "VmFlags:"), *result = calloc(1, 200);
  REQUIRE(flags && result, "no VmFlags");
  // Not ours to set: accounting (ac), soft-dirty (sd), what the kernel derives.
  for (char *flag = strtok(flags + 8, " "); flag && *flag != '\n'; flag = strtok(NULL, " "))
    if (strstr("rd wr ex sh mr mw me ms gd lo sr rr dc dd nr ht hg nh mg wf", flag)) {
      strcat(result, flag);
      strcat(result, " ");
    }
  free(text);
  return result;
}

/* Who a task is: what /proc and prctl(2) say about it, compared word for word. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <signal.h>
#include <unistd.h>
#include "workload.h"

extern char **environ;

static const char *const texts[] = {
  "/proc/self/auxv", "/proc/self/cmdline", "/proc/self/environ", "/proc/self/comm", "/proc/self/coredump_filter",
  "/proc/self/oom_score_adj", "/proc/self/personality", "/proc/self/limits",
};

enum { FUTEX_HASH = 78 }; /* PR_FUTEX_HASH (linux/prctl.h) */

/* Fields of /proc/self/stat that belong to the task's identity: address space layout, arguments, exit signal. */
static const int fields[] = {26, 27, 28, 38, 45, 46, 47, 48, 49, 50, 51};

struct picture {
  char *text[COUNT(texts)];
  size_t length[COUNT(texts)];
  unsigned long field[COUNT(fields)];
  char executable[4096];
  char random[16];
  int dumpable, death_signal, subreaper, huge_pages, futex_slots, personality, keep_capabilities, timer_slack,
    no_new_privileges;
  void *break_end;
};

static unsigned long stat_field(const char *text, int number) {
  const char *at = strrchr(text, ')') + 2;
  for (int field = 3; field < number; field++) at = strchr(at, ' ') + 1;
  return strtoul(at, NULL, 10);
}

static void take(struct picture *picture) {
  for (size_t i = 0; i < COUNT(texts); i++) picture->text[i] = read_text(texts[i], &picture->length[i]);
  char *stat = read_text("/proc/self/stat", NULL);
  for (size_t i = 0; i < COUNT(fields); i++) picture->field[i] = stat_field(stat, fields[i]);
  ssize_t length = must(readlink("/proc/self/exe", picture->executable, 4095), "readlink");
  picture->executable[length] = 0;
  memcpy(picture->random, (void *)getauxval(AT_RANDOM), 16);
  picture->dumpable = prctl(PR_GET_DUMPABLE);
  must(prctl(PR_GET_PDEATHSIG, &picture->death_signal), "PR_GET_PDEATHSIG");
  must(prctl(PR_GET_CHILD_SUBREAPER, &picture->subreaper), "PR_GET_CHILD_SUBREAPER");
  picture->futex_slots = prctl(FUTEX_HASH, 2, 0, 0);
  picture->huge_pages = prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0);
  picture->personality = personality(0xffffffff);
  picture->timer_slack = prctl(PR_GET_TIMERSLACK);
  picture->no_new_privileges = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0);
  picture->break_end = sbrk(0);
}

static void write_setting(const char *path, const char *value) {
  int file = open(path, O_WRONLY);
  if (file < 0) return;  // the setting then keeps its default, which must survive too
  if (write(file, value, strlen(value)) < 0) report("%s cannot be set", path);
  close(file);
}

void run_identity(int argc, char **argv) {
  (void)argc, (void)argv;
  static char heap_settles[1 << 12];
  free(malloc(1 << 20));
  fill(heap_settles, sizeof heap_settles, 1);
  must(setenv("CRTOP_MADE_LATER", "value", 1), "setenv");
  must(prctl(PR_SET_NAME, "new name"), "PR_SET_NAME");
  must(prctl(PR_SET_PDEATHSIG, SIGUSR1), "PR_SET_PDEATHSIG");
  must(prctl(PR_SET_CHILD_SUBREAPER, 1), "PR_SET_CHILD_SUBREAPER");
  /* PR_THP_DISABLE_EXCEPT_ADVISED, Linux 6.18. */
  if (prctl(PR_SET_THP_DISABLE, 1, 2, 0, 0) < 0) must(prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0), "PR_SET_THP_DISABLE");
  /* PR_FUTEX_HASH_SET_SLOTS, Linux 6.16. */
  prctl(FUTEX_HASH, 1, 64, 0);
  must(prctl(PR_SET_TIMERSLACK, 123456), "PR_SET_TIMERSLACK");
  must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "PR_SET_NO_NEW_PRIVS");
  must(personality(ADDR_NO_RANDOMIZE), "personality");
  write_setting("/proc/self/coredump_filter", "0x13");
  write_setting("/proc/self/oom_score_adj", "321");
  signal(SIGUSR1, SIG_IGN);  // the parent of the root may go: that is not what is tested here
  static struct picture then, now;
  take(&then);
  report_ready();
  wait_for_verdict();
  take(&now);
  for (size_t i = 0; i < COUNT(texts); i++) {
    size_t at = 0;
    while (at < then.length[i] && at < now.length[i] && then.text[i][at] == now.text[i][at]) at++;
    REQUIRE(then.length[i] == now.length[i] && at == then.length[i], "%s differs at byte %zu of %zu (now %zu)",
            texts[i], at, then.length[i], now.length[i]);
  }
  for (size_t i = 0; i < COUNT(fields); i++)
    REQUIRE(then.field[i] == now.field[i], "field %d of stat is %lu, not %lu", fields[i], now.field[i], then.field[i]);
  REQUIRE(!strcmp(then.executable, now.executable), "the executable is %s, not %s", now.executable, then.executable);
  REQUIRE(!memcmp(then.random, now.random, 16), "AT_RANDOM differs");
  REQUIRE(then.dumpable == now.dumpable, "dumpable is %d, not %d", now.dumpable, then.dumpable);
  REQUIRE(then.death_signal == now.death_signal, "the parent death signal is %d", now.death_signal);
  REQUIRE(then.subreaper == now.subreaper, "child subreaper is %d", now.subreaper);
  REQUIRE(then.futex_slots == now.futex_slots, "the futex hash table has %d slots", now.futex_slots);
  REQUIRE(then.huge_pages == now.huge_pages, "huge pages disabled is %d", now.huge_pages);
  REQUIRE(then.personality == now.personality, "personality is %#x, not %#x", now.personality, then.personality);
  REQUIRE(then.timer_slack == now.timer_slack, "timer slack is %d, not %d", now.timer_slack, then.timer_slack);
  REQUIRE(then.no_new_privileges == now.no_new_privileges, "no_new_privs is %d", now.no_new_privileges);
  REQUIRE(!strcmp(getenv("CRTOP_MADE_LATER"), "value"), "a variable of the environment is lost");
}

/* Credentials: an ordinary user, a task with differing ids, root with few capabilities; started as root all of them. */
#include <errno.h>
#include <grp.h>
#include <linux/securebits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include "workload.h"

static const char *const lines[] = {"Uid:", "Gid:", "Groups:", "CapInh:", "CapPrm:", "CapEff:", "CapBnd:",
                                    "CapAmb:", "NoNewPrivs:"};

struct picture {
  char line[COUNT(lines)][300];
  int secure_bits, keep;
};

static void take(struct picture *picture) {
  char *text = read_text("/proc/thread-self/status", NULL);
  for (size_t i = 0; i < COUNT(lines); i++) {
    char *at = strstr(text, lines[i]);
    REQUIRE(at, "no line %s", lines[i]);
    snprintf(picture->line[i], sizeof picture->line[i], "%.*s", (int)strcspn(at, "\n"), at);
  }
  picture->secure_bits = prctl(PR_GET_SECUREBITS);
  free(text);
}

static void ordinary(void) {
  static const gid_t groups[] = {2345, 3456, 7890};
  must(setgroups(COUNT(groups), groups), "setgroups");
  must(setresgid(2345, 2345, 2345), "setresgid");
  must(setresuid(1234, 1234, 1234), "setresuid");
}
static void differing(void) {
  must(setgroups(0, NULL), "setgroups");
  must(setresgid(10, 11, 12), "setresgid");
  must(setresuid(1000, 0, 1002), "setresuid");
  setfsgid(11);
  setfsuid(1001);
}
static void few_capabilities(void) {
  for (int capability = 0; capability <= 40; capability++)
    if (capability % 3 == 0) prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
  must(prctl(PR_SET_SECUREBITS, SECBIT_NO_CAP_AMBIENT_RAISE | SECBIT_KEEP_CAPS), "PR_SET_SECUREBITS");
  must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "PR_SET_NO_NEW_PRIVS");
}
static void ordinary_that_keeps(void) {
  must(prctl(PR_SET_KEEPCAPS, 1), "PR_SET_KEEPCAPS");
  must(setresuid(1235, 1235, 1235), "setresuid");
}

static void stay(void (*change)(void), int ready) {
  change();
  struct picture then, now;
  take(&then);
  REQUIRE(write(ready, "x", 1) == 1, "write");
  close(ready);
  wait_for_verdict();
  take(&now);
  for (size_t i = 0; i < COUNT(lines); i++)
    REQUIRE(!strcmp(then.line[i], now.line[i]), "was '%s', is '%s'", then.line[i], now.line[i]);
  REQUIRE(then.secure_bits == now.secure_bits, "secure bits are %#x, not %#x", now.secure_bits, then.secure_bits);
  uid_t real, effective, saved;
  must(getresuid(&real, &effective, &saved), "getresuid");
  if (change == ordinary) REQUIRE(setuid(0) == -1 && errno == EPERM, "an ordinary user can become root");
  _exit(0);
}

static void unchanged(void) {}

void run_credentials(int argc, char **argv) {
  (void)argc, (void)argv;
  static void (*const changes[])(void) = {unchanged, ordinary, differing, few_capabilities, ordinary_that_keeps};
  size_t count = geteuid() == 0 ? COUNT(changes) : 1;
  pid_t children[COUNT(changes)];
  int ready[2];
  must(pipe(ready), "pipe");
  for (size_t i = 0; i < count; i++) {
    children[i] = (pid_t)must(fork(), "fork");
    if (children[i] == 0) stay(changes[i], ready[1]);
  }
  close(ready[1]);
  char byte;
  for (size_t i = 0; i < count; i++) REQUIRE(read(ready[0], &byte, 1) == 1, "a child is silent");
  close(ready[0]);
  report_ready();
  wait_for_verdict();
  for (size_t i = 0; i < count; i++) reap_clean(children[i], "the child with other credentials");
}

int run_as(const char *user, char **command) {
  uid_t id = (uid_t)atoi(user);
  if (setgroups(0, NULL) || setresgid(id, id, id) || setresuid(id, id, id)) return perror(user), 77;
  execvp(command[0], command);
  perror(command[0]);
  return 127;
}

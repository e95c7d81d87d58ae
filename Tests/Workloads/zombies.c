/* Zombies: exit codes, deaths by signal, names, groups and sessions, waited for after the restart; and stopped tasks. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "workload.h"

static atomic_int notices;
static void count_notice(int signal) {
  (void)signal;
  atomic_fetch_add(&notices, 1);
}

/* The death of zombie i: an exit code, or a signal (0: none). A function of the number alone. */
static int death_signal(int i) {
  static const int fatal[] = {SIGKILL, SIGTERM, SIGSEGV, SIGHUP, SIGABRT, SIGPIPE, SIGUSR1, 34, 40, 63, 64};
  return i % 2 ? fatal[i / 2 % (int)COUNT(fatal)] : 0;
}
static int death_code(int i) { return i == 0 ? 0 : i == 2 ? 255 : (int)(mix((uint64_t)i) & 255); }

static void die(int i) {
  char name[16];
  snprintf(name, sizeof name, "dead-%d", i);
  prctl(PR_SET_NAME, name);
  if (i % 5 == 3) must(setpgid(0, 0), "setpgid");
  if (i % 5 == 4) must(setsid(), "setsid");
  if (!death_signal(i)) _exit(death_code(i));
  signal(death_signal(i), SIG_DFL);
  kill(getpid(), death_signal(i));
  for (;;) pause();
}

static pid_t make_zombie(void (*body)(int), int argument) {
  pid_t child = (pid_t)must(fork(), "fork");
  if (child == 0) body(argument);
  siginfo_t information;
  while (waitid(P_PID, (id_t)child, &information, WEXITED | WNOWAIT) == -1)  // a zombie from here on
    REQUIRE(errno == EINTR, "waitid");
  return child;
}

/* Name, state, group and session as /proc shows them. */
static void expect_zombie(pid_t pid, const char *name, pid_t group, pid_t session) {
  char path[64], shown[32];
  snprintf(path, sizeof path, "/proc/%d/stat", pid);
  char *text = read_text(path, NULL), *rest = strrchr(text, ')');
  char state = 0;
  int parent = 0, shown_group = 0, shown_session = 0;
  snprintf(shown, sizeof shown, "(%s)", name);
  REQUIRE(strstr(text, shown), "zombie %d: the name is not %s in: %.40s", pid, name, text);
  REQUIRE(rest && sscanf(rest, ") %c %d %d %d", &state, &parent, &shown_group, &shown_session) == 4, "stat");
  REQUIRE(state == 'Z', "task %d is in state %c", pid, state);
  REQUIRE(parent == getpid(), "zombie %d has parent %d", pid, parent);
  REQUIRE(shown_group == group, "zombie %d is in group %d, not %d", pid, shown_group, group);
  REQUIRE(shown_session == session, "zombie %d is in session %d, not %d", pid, shown_session, session);
  free(text);
}

static void expect_all(const pid_t *zombies, int count) {
  for (int i = 0; i < count; i++) {
    char name[16];
    snprintf(name, sizeof name, "dead-%d", i);
    bool leads = i % 5 == 3 || i % 5 == 4;
    expect_zombie(zombies[i], name, leads ? zombies[i] : getpgrp(), i % 5 == 4 ? zombies[i] : getsid(0));
  }
}

static void reap_exactly(pid_t zombie, int i) {
  int status = -1, expected = death_signal(i) ? death_signal(i) : death_code(i) << 8;
  REQUIRE(waitpid(zombie, &status, WNOHANG) == zombie, "zombie %d cannot be waited for", zombie);
  REQUIRE(status == expected, "zombie %d (number %d) gives status %#x, not %#x", zombie, i, (unsigned)status,
          (unsigned)expected);
}

/* A child with zombies of its own. */
static void mourn(int ready) {
  signal(SIGCHLD, SIG_DFL);
  pid_t zombies[5];
  for (int i = 0; i < 5; i++) zombies[i] = make_zombie(die, i);
  REQUIRE(write(ready, "x", 1) == 1, "write");
  close(ready);
  wait_for_verdict();
  expect_all(zombies, 5);
  for (int i = 0; i < 5; i++) reap_exactly(zombies[i], i);
  while (access(inside("counted"), F_OK)) nap(1000);  // not to disturb the parent's count by ending
  _exit(0);
}

void run_zombies(int argc, char **argv) {
  int count = argc > 0 ? atoi(argv[0]) : 24;
  struct rlimit no_core = {0, 0};
  must(setrlimit(RLIMIT_CORE, &no_core), "setrlimit");
  pid_t *zombies = calloc((size_t)count, sizeof *zombies);
  struct sigaction action = {.sa_handler = count_notice, .sa_flags = SA_RESTART};
  must(sigaction(SIGCHLD, &action, NULL), "sigaction");
  int ready[2];
  must(pipe(ready), "pipe");
  pid_t mourner = (pid_t)must(fork(), "fork");
  if (mourner == 0) mourn(ready[1]);
  char byte;
  REQUIRE(read(ready[0], &byte, 1) == 1, "the mourner is silent");
  close(ready[0]);
  close(ready[1]);
  for (int i = 0; i < count; i++) zombies[i] = make_zombie(die, i);
  expect_all(zombies, count);
  while (!nap(20000)) {}  // what notices there are have come when a sleep is not interrupted
  int before = atomic_load(&notices);
  REQUIRE(before > 0, "no SIGCHLD has come");
  report_ready();
  while (!verdict_wanted()) nap(2000);
  REQUIRE(nap(5000), "a SIGCHLD came late");
  REQUIRE(atomic_load(&notices) == before, "%d SIGCHLD too many", atomic_load(&notices) - before);
  expect_all(zombies, count);
  for (int i = 0; i < count; i++) reap_exactly(zombies[i], i);
  close(filled_file("counted", 1, 0, O_RDONLY));
  int status = -1;
  must(waitpid(mourner, &status, 0), "waitpid");
  REQUIRE(status == 0, "the mourner ended with %#x", (unsigned)status);
  REQUIRE(atomic_load(&notices) == before + 1, "the mourner's end gave %d SIGCHLD", atomic_load(&notices) - before);
  REQUIRE(waitpid(-1, NULL, 0) == -1 && errno == ECHILD, "there is a child too many");
}

static void dump_core(int unused) {
  (void)unused;
  struct rlimit limit = {1 << 20, 1 << 20};
  prctl(PR_SET_NAME, "dumped");
  prctl(PR_SET_DUMPABLE, 1);
  setrlimit(RLIMIT_CORE, &limit);
  must(chdir(inside("cores")), "chdir");
  signal(SIGSEGV, SIG_DFL);
  raise(SIGSEGV);
  _exit(1);
}

void run_core_zombie(int argc, char **argv) {
  (void)argc, (void)argv;
  must(mkdir(inside("cores"), 0777), "mkdir");
  pid_t zombie = make_zombie(dump_core, 0);
  siginfo_t information;
  must(waitid(P_PID, (id_t)zombie, &information, WEXITED | WNOWAIT), "waitid");
  int code = information.si_code;
  report(code == CLD_DUMPED ? "with the core flag" : "this machine does not give the core flag");
  report_ready();
  wait_for_verdict();
  expect_zombie(zombie, "dumped", getpgrp(), getsid(0));
  memset(&information, 0, sizeof information);
  must(waitid(P_PID, (id_t)zombie, &information, WEXITED | WNOWAIT), "waitid");
  REQUIRE(information.si_code == code && information.si_status == SIGSEGV, "si_code is %d, not %d; the status is %d",
          information.si_code, code, information.si_status);
  int status = -1;
  must(waitpid(zombie, &status, 0), "waitpid");
  REQUIRE(status == (SIGSEGV | (code == CLD_DUMPED ? 0x80 : 0)), "status is %#x", (unsigned)status);
}

void run_stopped(int argc, char **argv) {
  (void)argc, (void)argv;
  static const int stops[] = {SIGSTOP, SIGTSTP};
  pid_t children[COUNT(stops)];
  for (size_t i = 0; i < COUNT(stops); i++) {
    children[i] = (pid_t)must(fork(), "fork");
    if (children[i] == 0) {
      uint64_t content[64];
      fill(content, sizeof content, i);
      must(setpgid(0, 0), "setpgid");  // in an orphaned group SIGTSTP would be ignored
      kill(getpid(), stops[i]);
      REQUIRE(first_difference(content, sizeof content, i) == sizeof content, "the stopped task's stack differs");
      _exit(7);
    }
    int status = 0;
    must(waitpid(children[i], &status, WUNTRACED), "waitpid");
    REQUIRE(status == (stops[i] << 8 | 0x7f), "the child has not stopped: %#x", (unsigned)status);
  }
  report_ready();
  wait_for_verdict();
  for (size_t i = 0; i < COUNT(stops); i++) {
    char path[64];
    int status = 0;
    snprintf(path, sizeof path, "/proc/%d/stat", children[i]);
    REQUIRE(strstr(read_text(path, NULL), ") T "), "the task is not stopped any more");
    REQUIRE(waitpid(children[i], &status, WUNTRACED | WNOHANG) == 0, "a stop is reported a second time: %#x",
            (unsigned)status);
    must(kill(children[i], SIGCONT), "SIGCONT");
    must(waitpid(children[i], &status, WCONTINUED), "waitpid");
    REQUIRE(WIFCONTINUED(status) || status == 7 << 8, "the continued child gives %#x", (unsigned)status);
    if (WIFCONTINUED(status)) must(waitpid(children[i], &status, 0), "waitpid");
    REQUIRE(status == 7 << 8, "the stopped child ended with %#x", (unsigned)status);
  }
}

/* Sessions and process groups; also those whose leader is gone. */
#include <errno.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include "workload.h"

static int settled[2];

static void tell(pid_t pid) { REQUIRE(write(settled[1], &pid, sizeof pid) == sizeof pid, "write"); }

static pid_t told(void) {
  pid_t pid = 0;
  REQUIRE(read(settled[0], &pid, sizeof pid) == sizeof pid, "read");
  return pid;
}

/* A settled member: says its pid, waits, and finds everything as it was. */
static void stay(void) {
  pid_t pid = getpid(), parent = getppid(), group = getpgrp(), session = getsid(0);
  tell(pid);
  wait_for_verdict();
  REQUIRE(getpid() == pid, "pid is %d, not %d", getpid(), pid);
  REQUIRE(getppid() == parent, "parent is %d, not %d", getppid(), parent);
  REQUIRE(getpgrp() == group, "process group is %d, not %d", getpgrp(), group);
  REQUIRE(getsid(0) == session, "session is %d, not %d", getsid(0), session);
}

static pid_t start(void (*body)(pid_t), pid_t argument) {
  pid_t child = (pid_t)must(fork(), "fork");
  if (child) return child;
  body(argument);
  _exit(0);
}

static void same(pid_t unused) {
  (void)unused;
  stay();
}
static void own_group(pid_t unused) {
  (void)unused;
  must(setpgid(0, 0), "setpgid");
  stay();
}
static void join_group(pid_t group) {
  must(setpgid(0, group), "setpgid");
  stay();
}

/* A session with two groups in it, and a session below it that its members' parent left behind in the old one. */
static void own_session(pid_t unused) {
  (void)unused;
  int outer = settled[1];
  must(pipe(settled), "pipe");  // for the members of this session
  pid_t before = start(same, 0);  // forked before setsid: stays in the outer session
  told();
  must(setsid(), "setsid");
  pid_t leader = start(own_group, 0);
  told();
  pid_t member = start(join_group, leader);
  told();
  pid_t plain = start(same, 0);
  told();
  settled[1] = outer;
  stay();
  reap_clean(before, "forked before setsid");
  reap_clean(leader, "group leader");
  reap_clean(member, "group member");
  reap_clean(plain, "session member");
}

void run_sessions(int argc, char **argv) {
  (void)argc, (void)argv;
  must(pipe(settled), "pipe");
  pid_t session = start(own_session, 0);
  told();
  pid_t group = start(own_group, 0);
  told();
  pid_t member = start(join_group, group);
  told();
  pid_t second = start(own_session, 0);
  told();
  pid_t self_group = getpgrp(), self_session = getsid(0);
  report_ready();
  wait_for_verdict();
  REQUIRE(getpgrp() == self_group && getsid(0) == self_session, "group %d, session %d", getpgrp(), getsid(0));
  reap_clean(session, "session leader");
  reap_clean(group, "group leader");
  reap_clean(member, "group member");
  reap_clean(second, "second session leader");
}

/* Settles when its own parent has ended and it belongs to the reaper. */
static void orphan(pid_t reaper) {
  while (getppid() != reaper) nap(1000);
  stay();
}
static void orphan_with_group(pid_t reaper) {
  must(setpgid(0, 0), "setpgid");
  orphan(reaper);
}

/* Leads a group, in which it leaves a member, and ends. */
static void leave_group(pid_t reaper) {
  must(setpgid(0, 0), "setpgid");
  start(orphan, reaper);
  _exit(0);
}

static void leave_session(pid_t reaper) {
  must(setsid(), "setsid");
  start(orphan, reaper);
  start(orphan_with_group, reaper);
  _exit(0);
}

void run_ghosts(int argc, char **argv) {
  (void)argc, (void)argv;
  must(pipe(settled), "pipe");
  must(prctl(PR_SET_CHILD_SUBREAPER, 1), "PR_SET_CHILD_SUBREAPER");  // the orphans stay in this subtree
  reap_clean(start(leave_group, getpid()), "group leader");
  pid_t orphans[3] = {told(), 0, 0};
  reap_clean(start(leave_session, getpid()), "session leader");
  orphans[1] = told();
  orphans[2] = told();
  report_ready();
  wait_for_verdict();
  int reaper = 0;
  must(prctl(PR_GET_CHILD_SUBREAPER, &reaper), "PR_GET_CHILD_SUBREAPER");
  REQUIRE(reaper == 1, "not a subreaper any more");
  for (int i = 0; i < 3; i++) reap_clean(orphans[i], "orphan");
  REQUIRE(waitpid(-1, NULL, 0) == -1 && errno == ECHILD, "there is a child too many");
}

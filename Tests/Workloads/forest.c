/* A tree that a number decides: processes that live, that are dead, that were adopted when their parent died, with groups and
 * sessions, whose leaders may be dead, threads, dead leaders, stopped ones. A dead one's name says how it died. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include "workload.h"

enum { DEPTH = 4, CHILDREN = 4, THREADS = 2 };
enum question { COUNT_OF_CHILDREN, FATE, DEATH, PLACE, REAPER, MASK, THREAD_COUNT, LEADER, STOP, REPORTED };

static uint64_t seed;
static uint64_t draw(uint64_t node, enum question what, uint64_t choices) {
  return mix(mix(seed * 1000003 + node) + what) % choices;
}

/* What the process is, and has. */
static uint64_t node;
static int depth;
static pid_t stopped[CHILDREN];
static int stopped_count;
static pid_t group, session;
static bool notice_pending;
static atomic_int checked_threads;

static bool is_notice_pending(void) {
  sigset_t pending;
  sigpending(&pending);
  return sigismember(&pending, SIGCHLD);
}

/* The wait status of a node that dies. */
static int death(void) {
  static const int fatal[] = {SIGKILL, SIGTERM, SIGHUP, SIGPIPE, SIGUSR1, SIGALRM, 33, 50, 64};
  return draw(node, DEATH, 2) ? (int)draw(node, DEATH, 256) << 8 : fatal[draw(node, DEATH, COUNT(fatal))];
}
static _Noreturn void die(void) {
  char name[16];
  snprintf(name, sizeof name, "z%x", (unsigned)death());
  prctl(PR_SET_NAME, name);
  if (death() >> 8 || !death()) _exit(death() >> 8);
  struct {
    void (*handler)(int);
    unsigned long flags, restorer, mask;
  } standard = {0};
  if (death() != SIGKILL) must(syscall(13, death(), &standard, NULL, 8), "rt_sigaction");
  must(kill(getpid(), death()), "kill");
  for (;;) pause();
}

static void wait_for_threads(void) {
  while (atomic_load(&checked_threads) < (int)draw(node, THREAD_COUNT, THREADS + 1)) nap(1000);
}
static void *watch_in_thread(void *argument) {
  char name[16], now[16];
  snprintf(name, sizeof name, "t%d", *(int *)argument);
  free(argument);
  prctl(PR_SET_NAME, name);
  atomic_fetch_add(&checked_threads, 1);
  wait_for_verdict();
  prctl(PR_GET_NAME, now);
  REQUIRE(!strcmp(now, name), "thread %s is called %s", name, now);
  atomic_fetch_sub(&checked_threads, 1);
  return NULL;
}
static void begin_threads(void) {
  for (int i = 0; i < (int)draw(node, THREAD_COUNT, THREADS + 1); i++) {
    int *number = malloc(sizeof *number);
    *number = i;
    pthread_t thread;
    REQUIRE(!pthread_create(&thread, NULL, watch_in_thread, number), "pthread_create");
  }
  wait_for_threads();
}

/* Takes every child, and compares how it died with its name. */
static void reap_all(void) {
  for (;;) {
    siginfo_t information;
    if (waitid(P_ALL, 0, &information, WEXITED | WNOWAIT) == -1) {
      REQUIRE(errno == ECHILD, "waitid: %s", strerror(errno));
      return;
    }
    char path[64], name[32] = "";
    snprintf(path, sizeof path, "/proc/%d/comm", information.si_pid);
    char *text = read_text(path, NULL);
    snprintf(name, sizeof name, "%s", text);
    free(text);
    int status = -1, expected = name[0] == 'z' ? (int)strtol(name + 1, NULL, 16) : 0;
    REQUIRE(waitpid(information.si_pid, &status, 0) == information.si_pid, "waitpid");
    REQUIRE(status == expected, "%.12s (%d) has the wait status %#x", name, information.si_pid, (unsigned)status);
  }
}

static void *live(void *argument) {
  (void)argument;
  wait_for_verdict();
  REQUIRE(getpgrp() == group && getsid(0) == session, "it is in group %d, session %d", getpgrp(), getsid(0));
  REQUIRE(!notice_pending || is_notice_pending(), "the pending SIGCHLD is gone");
  for (int i = 0; i < stopped_count; i++) must(kill(stopped[i], SIGCONT), "SIGCONT");
  while (atomic_load(&checked_threads) > 0) nap(1000);
  reap_all();
  if (node != 0) _exit(0);
  return NULL;
}

static void take_place(pid_t sibling_group) {
  switch (draw(node, PLACE, 5)) {
  case 0: must(setsid(), "setsid"); break;
  case 1: must(setpgid(0, 0), "setpgid"); break;
  case 2:
    if (sibling_group) setpgid(0, sibling_group); /* which may have lost its last member */
    break;
  default: break;
  }
}

enum fate { LIVES, DEAD, DEAD_WITH_ORPHANS, GONE_WITH_ORPHANS };
static enum fate fate(uint64_t child) {
  static const enum fate fates[] = {LIVES, LIVES, LIVES, LIVES, LIVES, DEAD, DEAD, DEAD, DEAD_WITH_ORPHANS,
                                    GONE_WITH_ORPHANS};
  return fates[draw(child, FATE, COUNT(fates))];
}

static void grow(bool may_stop);

/* Begins a child, and returns when all below it is as it is to be. */
static pid_t begin_child(uint64_t child, pid_t sibling_group, bool may_stop) {
  enum fate what = fate(child);
  int ready[2];
  must(pipe(ready), "pipe");
  pid_t pid = (pid_t)must(fork(), "fork");
  if (pid == 0) {
    node = child, depth++, stopped_count = 0;
    char name[16];
    snprintf(name, sizeof name, "n%lu", (unsigned long)node);
    prctl(PR_SET_NAME, name);
    close(ready[0]);
    take_place(sibling_group);
    if (what == DEAD) die();
    grow(may_stop && what == LIVES);
    if (what != LIVES) die();
    REQUIRE(write(ready[1], "r", 1) == 1, "write");
    close(ready[1]);
    if (draw(node, LEADER, 6) == 0) {
      pthread_t thread;
      REQUIRE(!pthread_create(&thread, NULL, live, NULL), "pthread_create");
      pthread_exit(NULL);
    }
    live(NULL);
  }
  close(ready[1]);
  if (what == LIVES) {
    char byte;
    REQUIRE(read(ready[0], &byte, 1) == 1, "child %d is not ready", pid);
    if (draw(child, LEADER, 6) == 0) {
      char path[64];
      snprintf(path, sizeof path, "/proc/%d/stat", pid);
      for (bool dead = false; !dead; nap(1000)) {
        char *text = read_text(path, NULL);
        dead = strstr(text, ") Z ");
        free(text);
      }
    } else if (may_stop && draw(child, STOP, 6) == 0) {
      siginfo_t information;
      must(kill(pid, SIGSTOP), "SIGSTOP");
      must(waitid(P_PID, (id_t)pid, &information, WSTOPPED | (draw(child, REPORTED, 2) ? WNOWAIT : 0)), "waitid");
      stopped[stopped_count++] = pid;
    }
  } else {
    siginfo_t information;
    must(waitid(P_PID, (id_t)pid, &information, WEXITED | (what == GONE_WITH_ORPHANS ? 0 : WNOWAIT)), "waitid");
  }
  close(ready[0]);
  return pid;
}

static void grow(bool may_stop) {
  if (node == 0 || draw(node, REAPER, 4) == 0) must(prctl(PR_SET_CHILD_SUBREAPER, 1), "subreaper");
  sigset_t notice;
  sigemptyset(&notice);
  sigaddset(&notice, SIGCHLD);
  sigprocmask(draw(node, MASK, 2) ? SIG_BLOCK : SIG_UNBLOCK, &notice, NULL);
  uint64_t count = depth >= DEPTH ? 0 : draw(node, COUNT_OF_CHILDREN, CHILDREN) + (node == 0);
  pid_t sibling_group = 0;
  for (uint64_t i = 0; i < count; i++) {
    uint64_t child = node * (CHILDREN + 1) + i + 1;
    pid_t pid = begin_child(child, sibling_group, may_stop);
    if (draw(child, PLACE, 5) == 1) sibling_group = pid;
  }
  begin_threads();
  group = getpgrp(), session = getsid(0), notice_pending = is_notice_pending();
}

void run_forest(int argc, char **argv) {
  seed = argc > 0 ? strtoull(argv[0], NULL, 10) : 1;
  grow(true);
  report_ready();
  live(NULL);
}

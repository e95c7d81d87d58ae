/* A tree that a seed describes: sessions, groups, zombies, orphans, threads, dead leaders, stopped tasks, siblings, exit
 * signals. Every living task looks at itself and at its children before and after. */
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "workload.h"

enum { MOST = 400 };
/* A transient ends when the tree is built: what is below it is orphaned. A zombie ends at once. */
enum fate { LIVING, TRANSIENT, ZOMBIE };

/* What becomes of a task. Tasks are numbered in the order of the plan; 0 is the root. */
struct node {
  int creator;
  enum fate fate;
  bool reaped;        /* a transient that its parent has waited for */
  bool sibling;       /* created with CLONE_PARENT: a child of its creator's parent */
  int exit_signal;
  int code, signal;   /* how it ends; signal 0: by exit */
  int session_after;  /* setsid after so many children; -1: never */
  int group_of;       /* the node whose group it tries to join, itself included; -1: none */
  int leaves_to;      /* then it tries to join this one's; -1: none */
  bool subreaper;
  int threads;        /* besides the first */
  bool dead_leader;
  bool stopped;
  bool stop_reported; /* its parent has waited for the stop */
};

/* What a task has seen of one child. */
struct child {
  pid_t pid;
  char state;
  int code, status;  /* of waitid: 0 where there is nothing to wait for */
};

static struct node plan[MOST];
static pid_t pids[MOST];
static int tasks, built[2], orphaned[2], settled[2];
static uint64_t state;
/* Signals that stay blocked, and pending when children's ends have sent them. */
static const int kept[] = {SIGCHLD, SIGUSR1, SIGUSR2, 40, SIGHUP};

static int below(int limit) {
  state = mix(state);
  return (int)((state >> 20) % (uint64_t)limit);
}
static bool chance(int percent) { return below(100) < percent; }

static void make_plan(uint64_t seed, int count) {
  static const int deaths[] = {SIGHUP,  SIGINT,  SIGQUIT, SIGILL,  SIGTRAP, SIGABRT, SIGBUS, SIGFPE,    SIGKILL, SIGUSR1,
                               SIGSEGV, SIGUSR2, SIGPIPE, SIGALRM, SIGTERM, SIGIO,   SIGSYS, SIGSTKFLT, 34,      64};
  static const int exit_signals[] = {0, SIGUSR1, SIGUSR2, 40, SIGURG};
  state = seed;
  tasks = count;
  plan[0] = (struct node){.creator = -1, .session_after = -1, .group_of = -1, .leaves_to = -1, .subreaper = true};
  for (int i = 1; i < count; i++) {
    struct node *node = &plan[i];
    do node->creator = below(i);
    while (plan[node->creator].fate == ZOMBIE);
    node->fate = chance(35) ? ZOMBIE : chance(25) ? TRANSIENT : LIVING;
    node->reaped = chance(60);
    node->sibling = node->creator && node->fate == LIVING && !plan[node->creator].sibling && chance(12);
    node->exit_signal = chance(15) ? exit_signals[below((int)COUNT(exit_signals))] : SIGCHLD;
    node->signal = chance(40) ? deaths[below((int)COUNT(deaths))] : 0;
    node->code = below(256);
    node->session_after = chance(25) ? below(4) : -1;
    node->group_of = chance(40) ? (chance(50) ? i : below(i)) : -1;
    node->leaves_to = chance(10) ? below(i) : -1;
    node->subreaper = chance(15);
    bool plain = node->exit_signal == SIGCHLD && !node->sibling && node->fate == LIVING;
    node->threads = plain && chance(25) ? 1 + below(3) : 0;
    node->dead_leader = node->threads && chance(40);
    node->stopped = !node->dead_leader && node->fate == LIVING && chance(15);
    node->stop_reported = chance(50);
  }
}

static void name_self(const char *what, int i) {
  char name[16];
  snprintf(name, sizeof name, "%s-%d", what, i);
  prctl(PR_SET_NAME, name);
}

static void tell(const int *pipe) { REQUIRE(write(pipe[1], "x", 1) == 1, "write"); }

/* Waits for the root: it closes the other end. */
static void await_root(const int *pipe) {
  char byte;
  REQUIRE(must(read(pipe[0], &byte, 1), "read") == 0, "the root has written");
}

/* The state of a task that exists; 0: it does not. */
static char state_of(pid_t pid, pid_t *parent) {
  char path[64], text[512], state = 0;
  snprintf(path, sizeof path, "/proc/%d/stat", pid);
  FILE *file = fopen(path, "re");
  if (!file) return 0;
  size_t length = fread(text, 1, sizeof text - 1, file);
  fclose(file);
  text[length] = 0;
  char *rest = strrchr(text, ')');
  pid_t shown = 0;
  if (rest && sscanf(rest, ") %c %d", &state, &shown) == 2 && parent) *parent = shown;
  return state;
}

static void await_state(pid_t pid, char wanted) {
  while (state_of(pid, NULL) != wanted) nap(1000);
}

_Noreturn static void end(int i) {
  const struct node *node = &plan[i];
  if (!node->signal) _exit(node->code);
  for (size_t k = 0; k < COUNT(kept); k++) signal(kept[k], SIG_IGN);  // children's ends may have left them pending
  signal(node->signal, SIG_DFL);
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_UNBLOCK, &all, NULL);
  kill(getpid(), node->signal);
  for (;;) pause();
}

_Noreturn static void *stay(void *unused) {
  (void)unused;
  for (;;) pause();
}

/* A group can only be joined in the same session, and while somebody is in it. */
static void try_group(int other) {
  if (other >= 0 && pids[other]) setpgid(0, other == 0 ? getpgid(pids[0]) : pids[other]);
}

static void live(int i);
static void *live_on(void *node) {
  live((int)(intptr_t)node);
  _exit(0);
}

static void begin(int i) {
  const struct node *node = &plan[i];
  pids[i] = getpid();
  name_self(node->fate == ZOMBIE ? "zombie" : "task", i);
  try_group(node->group_of);
  try_group(node->leaves_to);
  if (node->fate == ZOMBIE && node->session_after >= 0) setsid();
  if (node->fate == ZOMBIE) end(i);
  if (i && node->subreaper) must(prctl(PR_SET_CHILD_SUBREAPER, 1), "PR_SET_CHILD_SUBREAPER");
  pthread_t thread;
  for (int k = node->dead_leader; k < node->threads; k++) REQUIRE(!pthread_create(&thread, NULL, stay, NULL), "thread");
  if (node->dead_leader) {
    REQUIRE(!pthread_create(&thread, NULL, live_on, (void *)(intptr_t)i), "thread");
    syscall(SYS_exit, node->code);
  }
  live(i);
  _exit(0);
}

static void create(int i) {
  const struct node *node = &plan[i];
  long flags = node->sibling ? CLONE_PARENT : node->exit_signal;
  pid_t child =
      (pid_t)must(flags == SIGCHLD ? fork() : (pid_t)syscall(SYS_clone, flags, NULL, NULL, NULL, NULL), "clone");
  if (child == 0) {
    if (node->creator == 0) close(orphaned[1]), close(settled[1]), close(built[0]);
    begin(i);
  }
  pids[i] = child;
  if (node->fate == ZOMBIE) await_state(child, 'Z');
}

/* Whether this task has taken the report of the child's stop. */
static bool has_waited(int i, pid_t child) {
  for (int k = 1; k < tasks; k++)
    if (plan[k].creator == i && pids[k] == child && plan[k].stopped && plan[k].stop_reported) return true;
  return false;
}

static int by_pid(const void *one, const void *other) {
  return ((const struct child *)one)->pid - ((const struct child *)other)->pid;
}

/* The children, by pid, and what wait would tell of them. */
static int look(struct child *children) {
  DIR *directory = opendir("/proc");
  REQUIRE(directory, "opendir");
  int count = 0;
  for (struct dirent *entry; (entry = readdir(directory));) {
    struct child child = {.pid = atoi(entry->d_name)};
    pid_t parent = 0;
    if (child.pid <= 0 || !(child.state = state_of(child.pid, &parent)) || parent != getpid()) continue;
    siginfo_t information = {0};
    must(waitid(P_PID, (id_t)child.pid, &information, WEXITED | WSTOPPED | WNOHANG | WNOWAIT | __WALL), "waitid");
    child.code = information.si_code;
    child.status = information.si_status;
    REQUIRE(count < MOST, "too many children");
    children[count++] = child;
  }
  closedir(directory);
  qsort(children, (size_t)count, sizeof *children, by_pid);
  return count;
}

static void check_children(const struct child *then, int count) {
  struct child *now = calloc(MOST, sizeof *now);
  int left = look(now);
  REQUIRE(left == count, "%d children, not %d", left, count);
  for (int i = 0; i < count; i++) {
    REQUIRE(now[i].pid == then[i].pid, "child %d, not %d", now[i].pid, then[i].pid);
    if (!then[i].code && then[i].state != 'T') continue;  // it lived, and may have ended by now
    REQUIRE(now[i].state == then[i].state, "child %d is in state %c, not %c", now[i].pid, now[i].state, then[i].state);
    REQUIRE(now[i].code == then[i].code && now[i].status == then[i].status, "child %d: wait tells %d %d, not %d %d",
            now[i].pid, now[i].code, now[i].status, then[i].code, then[i].status);
  }
  free(now);
}

/* Ends the transients; those that stay zombies are some more of them. */
static void bury(int i) {
  for (int child = 1; child < tasks; child++) {
    if (plan[child].creator != i || plan[child].fate != TRANSIENT || plan[child].sibling) continue;
    if (!plan[child].reaped) {
      await_state(pids[child], 'Z');
      continue;
    }
    int status = 0, wanted = plan[child].signal ? plan[child].signal : plan[child].code << 8;
    must(waitpid(pids[child], &status, __WALL), "waitpid");
    REQUIRE(status == wanted, "task %d ended with %#x, not %#x", pids[child], (unsigned)status, (unsigned)wanted);
  }
}

static void await_stops(int i) {
  for (int child = 1; child < tasks; child++) {
    if (plan[child].creator != i || !plan[child].stopped || plan[child].sibling) continue;
    siginfo_t information;
    int options = WSTOPPED | __WALL | (plan[child].stop_reported ? 0 : WNOWAIT);
    must(waitid(P_PID, (id_t)pids[child], &information, options), "waitid");
  }
}

/* The root tells the others to go on when all have come so far. */
static void await_all(int i, const int *gate) {
  int others = 0;
  for (int k = 1; k < tasks; k++) others += plan[k].fate == LIVING || (plan[k].fate == TRANSIENT && gate == orphaned);
  if (i) {
    tell(built);
    if (gate) await_root(gate);
    return;
  }
  for (char byte; others > 0; others--) REQUIRE(read(built[0], &byte, 1) == 1, "read");
  if (gate) close(gate[1]);
}

static void live(int i) {
  const struct node *node = &plan[i];
  int created = 0;
  for (int child = i + 1; child < tasks; child++) {
    if (plan[child].creator != i) continue;
    if (node->session_after == created++) setsid();
    create(child);
  }
  if (node->session_after >= created) setsid();
  await_all(i, orphaned);
  bury(i);
  if (node->fate == TRANSIENT) end(i);
  await_all(i, settled);
  await_stops(i);
  pid_t parent = getppid(), group = getpgrp(), session = getsid(0);
  struct child *children = calloc(MOST, sizeof *children);
  int count = look(children);
  // A task shows its stop when its first thread stands still, and reports it with the last.
  for (int k = 0; k < count; k++)
    while (children[k].state == 'T' && !children[k].code && !has_waited(i, children[k].pid)) count = look(children);
  await_all(i, NULL);
  if (i == 0) report_ready();
  if (node->stopped) kill(getpid(), SIGSTOP);  // not raise(3): it does not know who a raw clone is
  wait_for_verdict();
  REQUIRE(i == 0 || getppid() == parent, "parent is %d, not %d", getppid(), parent);
  REQUIRE(getpgrp() == group, "process group is %d, not %d", getpgrp(), group);
  REQUIRE(getsid(0) == session, "session is %d, not %d", getsid(0), session);
  check_children(children, count);
  for (int k = 0; k < count; k++) {
    kill(children[k].pid, SIGCONT);
    must(waitpid(children[k].pid, NULL, __WALL), "waitpid");
  }
}

void run_random_tree(int argc, char **argv) {
  make_plan(argc > 0 ? strtoull(argv[0], NULL, 10) : 1, argc > 1 ? atoi(argv[1]) : 60);
  REQUIRE(tasks <= MOST, "too many tasks");
  struct rlimit no_core = {0, 0};
  must(setrlimit(RLIMIT_CORE, &no_core), "setrlimit");
  must(prctl(PR_SET_CHILD_SUBREAPER, 1), "PR_SET_CHILD_SUBREAPER");
  sigset_t blocked;
  sigemptyset(&blocked);
  for (size_t k = 0; k < COUNT(kept); k++) sigaddset(&blocked, kept[k]);
  must(sigprocmask(SIG_BLOCK, &blocked, NULL), "sigprocmask");
  must(pipe(built), "pipe");
  must(pipe(orphaned), "pipe");
  must(pipe(settled), "pipe");
  pids[0] = getpid();
  live(0);
}

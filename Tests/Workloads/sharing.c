/* Processes that share tables without being threads of each other: memory, descriptors, file system context, signal
 * actions, I/O context; siblings made by CLONE_PARENT; exit signals other than SIGCHLD; vfork(2) in progress. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "workload.h"

enum { STACK = 64 << 10, SHARED_NUMBER = 77 };

/* What a process that shares our memory sees at once. It also has our thread-local storage: no errno, no malloc there. */
static atomic_int command, done;
static int opened;
static uint64_t seen;

static void doze(void) { syscall(SYS_nanosleep, &(struct timespec){.tv_nsec = 1000000}, NULL); }

static void await(atomic_int *word, int value) {
  while (atomic_load(word) < value) doze();
}

static void ignore_it(int signal) { (void)signal; }

static pid_t start_in_memory(int (*body)(void *), int flags) {
  char *stack = malloc(STACK);
  REQUIRE(stack, "malloc");
  return (pid_t)must(clone(body, stack + STACK, flags, NULL), "clone");
}

/* A fork(2) that shares some tables. */
static pid_t fork_sharing(unsigned long flags) { return (pid_t)must(syscall(SYS_clone, flags, 0, 0, 0, 0), "clone"); }

static int share_all(void *unused) {
  (void)unused;
  static const struct sigaction action = {.sa_handler = ignore_it};
  await(&command, 1);
  opened = (int)syscall(SYS_openat, AT_FDCWD, "/dev/null", O_RDONLY, 0);
  syscall(SYS_chdir, "/");
  sigaction(SIGUSR2, &action, NULL);
  seen = mix(seen);
  atomic_store(&done, 1);
  await(&command, 2);
  return 21;
}

/* A child with our descriptors, but a memory and a working directory of its own. */
static void share_descriptors(int answer) {
  must(mkdir(inside("elsewhere"), 0755), "mkdir");
  must(chdir(inside("elsewhere")), "chdir");
  int own = (int)must(open("/dev/null", O_RDONLY), "open");
  REQUIRE(write(answer, "r", 1) == 1, "write");
  wait_for_verdict();
  char path[4096];
  REQUIRE(getcwd(path, sizeof path) && !strcmp(path, inside("elsewhere")), "the working directory is %s", path);
  must(fcntl(own, F_GETFD), "its descriptor");
  must(dup2(own, SHARED_NUMBER), "dup2");
  REQUIRE(write(answer, "d", 1) == 1, "write");
  _exit(22);
}

static void share_umask(int answer) {
  REQUIRE(write(answer, "r", 1) == 1, "write");
  wait_for_verdict();
  umask(031);
  REQUIRE(write(answer, "u", 1) == 1, "write");
  _exit(23);
}

/* Of an I/O context its priority can be seen (ioprio_set(2)): class 2, best effort. */
static long io_priority(void) { return must(syscall(SYS_ioprio_get, 1, 0), "ioprio_get"); }
static void set_io_priority(int level) { must(syscall(SYS_ioprio_set, 1, 0, 2 << 13 | level), "ioprio_set"); }

static void share_io_context(int answer) {
  REQUIRE(write(answer, "r", 1) == 1, "write");
  wait_for_verdict();
  set_io_priority(2);
  REQUIRE(write(answer, "i", 1) == 1, "write");
  _exit(29);
}

/* Two siblings that share memory and descriptors with each other, and nothing with their parent. */
static int be_sibling(void *unused) {
  (void)unused;
  atomic_store(&done, 1);
  await(&command, 1);
  opened = (int)syscall(SYS_openat, AT_FDCWD, "/dev/zero", O_RDONLY, 0);
  atomic_store(&done, 2);
  return 24;
}
static void make_sibling(int answer) {
  pid_t parent = getppid(), sibling = start_in_memory(be_sibling, CLONE_VM | CLONE_FILES | CLONE_PARENT);
  await(&done, 1);
  REQUIRE(write(answer, &sibling, sizeof sibling) == sizeof sibling, "write");
  wait_for_verdict();
  REQUIRE(getppid() == parent, "the parent is %d, not %d", getppid(), parent);
  atomic_store(&command, 1);
  await(&done, 2);
  must(fcntl(opened, F_GETFD), "the sibling's descriptor");
  _exit(25);
}

static atomic_int reports;
static void count_report(int signal) {
  (void)signal;
  atomic_fetch_add(&reports, 1);
}

static void expect_end(pid_t child, int code) {
  int status = 0;
  REQUIRE(waitpid(child, &status, __WALL) == child, "waitpid %d: %s", child, strerror(errno));
  REQUIRE(status == code << 8, "child %d gives %#x, not exit status %d", child, (unsigned)status, code);
}

static void expect_byte(int end, char expected) {
  char byte = 0;
  REQUIRE(read(end, &byte, 1) == 1 && byte == expected, "'%c' instead of '%c'", byte, expected);
}

void run_sharing(int argc, char **argv) {
  (void)argc, (void)argv;
  struct sigaction action = {.sa_handler = count_report, .sa_flags = SA_RESTART};
  must(sigaction(SIGUSR1, &action, NULL), "sigaction");
  int answers[2];
  must(pipe(answers), "pipe");
  pid_t files = fork_sharing(CLONE_FILES | SIGCHLD);
  if (files == 0) share_descriptors(answers[1]);
  expect_byte(answers[0], 'r');
  pid_t context = fork_sharing(CLONE_FS | SIGUSR1);
  if (context == 0) share_umask(answers[1]);
  expect_byte(answers[0], 'r');
  set_io_priority(5);
  pid_t io = fork_sharing(CLONE_IO | SIGCHLD);
  if (io == 0) share_io_context(answers[1]);
  expect_byte(answers[0], 'r');
  pid_t pair = (pid_t)must(fork(), "fork"), sibling = 0;
  if (pair == 0) make_sibling(answers[1]);
  REQUIRE(read(answers[0], &sibling, sizeof sibling) == sizeof sibling, "read");
  pid_t zombie = fork_sharing(SIGUSR1), silent = fork_sharing(0);
  if (zombie == 0) _exit(26);
  if (silent == 0) _exit(27);
  seen = 4711;
  pid_t all = start_in_memory(share_all, CLONE_VM | CLONE_FILES | CLONE_FS | CLONE_SIGHAND | SIGCHLD);
  siginfo_t information;
  must(waitid(P_PID, (id_t)silent, &information, WEXITED | WNOWAIT | __WALL), "waitid");
  while (atomic_load(&reports) == 0) nap(500);
  /* Blocked while we sleep: at the verdict a child may end before we look. */
  sigset_t report;
  sigemptyset(&report);
  sigaddset(&report, SIGUSR1);
  sigprocmask(SIG_BLOCK, &report, NULL);
  report_ready();
  wait_for_verdict();
  REQUIRE(atomic_load(&reports) == 1, "%d reports by SIGUSR1", atomic_load(&reports));
  sigprocmask(SIG_UNBLOCK, &report, NULL);
  REQUIRE(seen == 4711, "memory differs");
  expect_end(zombie, 26);
  expect_end(silent, 27);

  char byte, path[4096];
  for (int i = 0; i < 3; i++) REQUIRE(read(answers[0], &byte, 1) == 1 && strchr("dui", byte), "an answer is missing");
  must(fcntl(SHARED_NUMBER, F_GETFD), "the child's descriptor");
  REQUIRE(umask(0) == 031, "the umask is not shared");
  expect_end(files, 22);
  REQUIRE(io_priority() == (2 << 13 | 2), "the I/O context is not shared: priority %lx", io_priority());
  expect_end(context, 23);
  expect_end(io, 29);
  expect_end(pair, 25);
  expect_end(sibling, 24);

  REQUIRE(getcwd(path, sizeof path) && strcmp(path, "/"), "the working directory is %s", path);
  atomic_store(&command, 1);
  await(&done, 1);
  REQUIRE(seen == mix(4711), "memory is not shared");
  must(fcntl(opened, F_GETFD), "the descriptor of the task that shares all");
  REQUIRE(getcwd(path, sizeof path) && !strcmp(path, "/"), "the working directory is not shared: %s", path);
  must(sigaction(SIGUSR2, NULL, &action), "sigaction");
  REQUIRE(action.sa_handler == ignore_it, "signal actions are not shared");
  atomic_store(&command, 2);
  expect_end(all, 21);
  REQUIRE(waitpid(-1, NULL, __WALL) == -1 && errno == ECHILD, "there is a child too many");
}

/* A parent that is in vfork(2) most of the time; with an argument its child stays until the verdict. */
void run_vfork(int argc, char **argv) {
  (void)argv;
  bool lasting = argc > 0;
  static volatile int rounds;
  (void)verdict_wanted();
  report_ready();
  while (!verdict_wanted()) {
    pid_t child = vfork();
    if (child == 0) {
      do {
        for (int i = 0; i < 50; i++) doze();
      } while (lasting && syscall(SYS_access, inside("verdict"), F_OK) != 0);
      rounds++;
      _exit(28);
    }
    must(child, "vfork");
    expect_end(child, 28);
  }
  REQUIRE(rounds > 0, "no child has ended");
}

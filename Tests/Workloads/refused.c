/* State that a checkpoint must refuse: each kind sets it up, and after the refusal is still alive and right. */
#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <linux/filter.h>
#include <linux/io_uring.h>
#include <linux/keyctl.h>
#include <linux/seccomp.h>
#include <mqueue.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/shm.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <netinet/in.h>
#include <unistd.h>
#include "workload.h"

static void unix_socket(void) {
  int ends[2];
  must(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), "socketpair");
}
static void tcp_listener(void) {
  int listener = (int)must(socket(AF_INET, SOCK_STREAM, 0), "socket");
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  must(bind(listener, (struct sockaddr *)&address, sizeof address), "bind");
  must(listen(listener, 1), "listen");
}
static void event_descriptor(void) { must(eventfd(3, 0), "eventfd"); }
static void epoll_set(void) {
  int set = (int)must(epoll_create1(0), "epoll_create1"), ends[2];
  must(pipe(ends), "pipe");
  struct epoll_event event = {.events = EPOLLIN};
  must(epoll_ctl(set, EPOLL_CTL_ADD, ends[0], &event), "epoll_ctl");
}
static void timer_descriptor(void) {
  int timer = (int)must(timerfd_create(CLOCK_MONOTONIC, 0), "timerfd_create");
  struct itimerspec time = {.it_value.tv_sec = 3600};
  must(timerfd_settime(timer, 0, &time, NULL), "timerfd_settime");
}
static void signal_descriptor(void) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  must(signalfd(-1, &set, 0), "signalfd");
}
static void watch_descriptor(void) {
  int watch = (int)must(inotify_init1(0), "inotify_init1");
  must(inotify_add_watch(watch, directory, IN_CREATE), "inotify_add_watch");
}
static void memory_file(void) {
  int file = (int)must(memfd_create("scratch", 0), "memfd_create");
  must(ftruncate(file, 4096), "ftruncate");
}
static void deleted_file(void) {
  (void)filled_file("gone", 1000, 1, O_RDWR);
  must(unlink(inside("gone")), "unlink");
}
static void deleted_mapping(void) {
  int file = filled_file("gone", 2 * PAGE, 1, O_RDWR);
  REQUIRE(mmap(NULL, 2 * PAGE, PROT_READ, MAP_SHARED, file, 0) != MAP_FAILED, "mmap");
  close(file);
  must(unlink(inside("gone")), "unlink");
}
static void deleted_directory(void) {
  must(mkdir(inside("gone"), 0755), "mkdir");
  must(chdir(inside("gone")), "chdir");
  must(rmdir(inside("gone")), "rmdir");
}
static void shared_memory(void) {
  char *area = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  REQUIRE(area != MAP_FAILED, "mmap");
  fill(area, 4 * PAGE, 1);
}
static void system_v_memory(void) {
  int id = (int)must(shmget(IPC_PRIVATE, 8192, IPC_CREAT | 0600), "shmget");
  REQUIRE(shmat(id, NULL, 0) != (void *)-1, "shmat");
  must(shmctl(id, IPC_RMID, NULL), "IPC_RMID");
}
static void *doze(void *argument) {
  for (;;) pause();
  return argument;
}
/* Whose CPU time it counts is not shown when there are several threads. */
static void posix_timer(void) {
  timer_t timer;
  pthread_t thread;
  pthread_create(&thread, NULL, doze, NULL);
  struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
  must(timer_create(CLOCK_THREAD_CPUTIME_ID, &event, &timer), "timer_create");
}

/* It has told of expiries that it missed, and its next signal is pending. */
static void timer_overrun(void) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR2);
  sigprocmask(SIG_BLOCK, &set, NULL);
  struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR2};
  int id;
  must(syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &id), "timer_create");
  struct itimerspec time = {{0, 10000000}, {0, 10000000}};
  must(syscall(SYS_timer_settime, id, 0, &time, NULL), "timer_settime");
  do {
    nap(25000);
    sigwaitinfo(&set, NULL);
  } while (syscall(SYS_timer_getoverrun, id) == 0);
  sigset_t pending;
  do sigpending(&pending);
  while (!sigismember(&pending, SIGUSR2));
}
static void message_queue(void) {
  char name[64];
  snprintf(name, sizeof name, "/crtop-test-%d", getpid());
  mqd_t queue = mq_open(name, O_RDWR | O_CREAT, 0600, NULL);
  if (queue == (mqd_t)-1) {
    report("unavailable: mq_open: %s", strerror(errno));
    exit(77);
  }
  mq_unlink(name);
}
static void ring(void) {
  struct io_uring_params parameters;
  memset(&parameters, 0, sizeof parameters);
  if (syscall(SYS_io_uring_setup, 4, &parameters) >= 0) return;
  report("unavailable: io_uring_setup: %s", strerror(errno));
  exit(77);
}
static void asynchronous_context(void) {
  aio_context_t context = 0;
  must(syscall(SYS_io_setup, 8, &context), "io_setup");
}
static void *strict_thread(void *argument) {
  int *ends = argument;
  char byte;
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT)) return NULL;
  for (ssize_t got = write(ends[1], "s", 1); got == 1;) got = read(ends[0], &byte, 1);
  syscall(SYS_exit, 0);
  return NULL;
}
/* A thread that may only read, write and exit. */
static void strict_mode(void) {
  static int there[2], back[2], ends[2];
  pthread_t thread;
  char byte;
  must(pipe(there), "pipe");
  must(pipe(back), "pipe");
  ends[0] = there[0], ends[1] = back[1];
  must(-pthread_create(&thread, NULL, strict_thread, ends), "pthread_create");
  REQUIRE(read(back[0], &byte, 1) == 1, "the strict thread is silent");
}
static void area_policy(void) {
  void *area = mmap(NULL, 1 << 16, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  unsigned long first_node = 1;
  if (syscall(SYS_mbind, area, 1 << 16, 2 /* MPOL_BIND */, &first_node, 8, 0) == 0) return;
  report("unavailable: mbind: %s", strerror(errno));
  exit(77);
}
static void thread_keyring(void) {
  if (syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_THREAD_KEYRING, 1) > 0) return;
  report("unavailable: keyctl: %s", strerror(errno));
  exit(77);
}
static void session_keyring(void) {
  if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, "crtop-test") > 0 &&
      syscall(SYS_add_key, "user", "crtop-test", "secret", 6, KEY_SPEC_SESSION_KEYRING) > 0)
    return;
  report("unavailable: keyctl: %s", strerror(errno));
  exit(77);
}
static void user_dispatch(void) {
  static char selector; /* SYSCALL_DISPATCH_FILTER_ALLOW */
  if (prctl(PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_ON, 0, 0, &selector) == 0) return;
  report("unavailable: PR_SET_SYSCALL_USER_DISPATCH: %s", strerror(errno));
  exit(77);
}
static void other_namespace(void) {
  if (unshare(CLONE_NEWUTS | CLONE_NEWNS) == 0) return;
  report("unavailable: unshare: %s", strerror(errno));
  exit(77);
}

/* A child that dies with its parent, whatever happens. */
static pid_t dependent(void) {
  pid_t child = (pid_t)must(fork(), "fork");
  if (child == 0) must(prctl(PR_SET_PDEATHSIG, SIGKILL), "PR_SET_PDEATHSIG");
  return child;
}
static void traced_child(void) {
  pid_t child = dependent();
  while (child == 0) pause();
  must(ptrace(PTRACE_SEIZE, child, 0, 0), "PTRACE_SEIZE");
}
/* A process outside the subtree that shares a table with us: its parent, our child, has ended. It ends at the verdict. */
static pid_t companion;
static int told[2];
static char *verdict_path;
static char stacks[2][65536] __attribute__((aligned(16)));

static int accompany(void *unused) {
  (void)unused;
  while (syscall(SYS_access, verdict_path, F_OK) != 0) syscall(SYS_nanosleep, &(struct timespec){0, 1000000}, NULL);
  return 0;
}
static int leave_companion(void *flags) {
  pid_t pid = clone(accompany, stacks[1] + sizeof stacks[1], (int)(intptr_t)flags | SIGCHLD, NULL);
  return write(told[1], &pid, sizeof pid) == sizeof pid ? 0 : 1;
}
static void share_with_companion(int flags) {
  verdict_path = inside("verdict");
  must(pipe(told), "pipe");
  pid_t child = (pid_t)must(
    clone(leave_companion, stacks[0] + sizeof stacks[0], flags | SIGCHLD, (void *)(intptr_t)flags), "clone");
  reap_clean(child, "companion's parent");
  REQUIRE(read(told[0], &companion, sizeof companion) == sizeof companion, "read");
  close(told[0]);
  close(told[1]);
}
static void borrowed_memory(void) { share_with_companion(CLONE_VM); }
static void shared_offset(void) {
  filled_file("shared", 100, 1, O_RDONLY);
  share_with_companion(0);
}
static void traced_companion(void) {
  share_with_companion(0);
  must(ptrace(PTRACE_SEIZE, companion, NULL, NULL), "PTRACE_SEIZE");
}
static void shared_descriptors(void) { share_with_companion(CLONE_FILES); }
/* The harness gives a pipe as standard input whose other end it keeps. */
static void outside_pipe(void) {
  struct stat status;
  must(fstat(0, &status), "fstat");
  REQUIRE(S_ISFIFO(status.st_mode), "standard input is not a pipe");
}
static void process_descriptor(void) { must(syscall(SYS_pidfd_open, getppid(), 0), "pidfd_open"); }

static const struct refused kinds[] = {
  {"unix-socket", unix_socket}, {"tcp-listener", tcp_listener}, {"eventfd", event_descriptor}, {"epoll", epoll_set},
  {"timerfd", timer_descriptor}, {"signalfd", signal_descriptor}, {"inotify", watch_descriptor},
  {"memfd", memory_file}, {"deleted-file", deleted_file}, {"deleted-mapping", deleted_mapping},
  {"deleted-directory", deleted_directory}, {"shared-memory", shared_memory}, {"system-v-memory", system_v_memory},
  {"posix-timer", posix_timer}, {"timer-overrun", timer_overrun}, {"message-queue", message_queue}, {"io-uring", ring}, {"aio", asynchronous_context},
  {"seccomp", strict_mode}, {"namespace", other_namespace}, {"traced", traced_child},
  {"borrowed-memory", borrowed_memory}, {"shared-descriptors", shared_descriptors},
  {"shared-offset", shared_offset}, {"traces-outsider", traced_companion},
  {"outside-pipe", outside_pipe}, {"pidfd", process_descriptor}, {"area-policy", area_policy},
  {"thread-keyring", thread_keyring}, {"session-keyring", session_keyring}, {"user-dispatch", user_dispatch},
};

void list_refused(void) {
  for (size_t i = 0; i < COUNT(kinds); i++) puts(kinds[i].name);
  for (size_t i = 0; i < rare_kind_count; i++) puts(rare_kinds[i].name);
}

static const struct refused *find(const char *name, const struct refused *table, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (!strcmp(name, table[i].name)) return &table[i];
  return NULL;
}

void run_refused(int argc, char **argv) {
  const char *name = argc > 0 ? argv[0] : "";
  const struct refused *kind = find(name, kinds, COUNT(kinds));
  if (!kind) kind = find(name, rare_kinds, rare_kind_count);
  REQUIRE(kind, "no kind of refused state is called '%s'", name);
  char *block = malloc(1 << 16);
  fill(block, 1 << 16, 7);
  kind->set_up();
  report_ready();
  wait_for_verdict();
  /* One that we trace stays until we have seen its end. */
  while (companion && kill(companion, 0) == 0 && waitpid(companion, NULL, WNOHANG | __WALL) != companion) nap(1000);
  REQUIRE(first_difference(block, 1 << 16, 7) == 1 << 16, "memory differs");
  free(block);
}

/* seccomp filters: of one thread and of all, in order, with flags; what they answer before and after is the same. */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include "workload.h"

/* A filter that answers one call with an error; with two of one kind the last one installed wins. */
static void refuse_call(int number, int error, unsigned flags) {
  struct sock_filter code[] = {
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)number, 0, 1),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)error),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = {.len = COUNT(code), .filter = code};
  must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "PR_SET_NO_NEW_PRIVS");
  must(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program), "SECCOMP_SET_MODE_FILTER");
}

static void expect_refused(int number, int error, const char *what) {
  errno = 0;
  long result = syscall(number, -1, 0, 0, 0, 0, 0);
  REQUIRE(result == -1 && errno == error, "%s: %s gave %ld, %s", what, "the filtered call", result, strerror(errno));
}

static void expect_filters(const char *count, const char *what) {
  char *text = read_text("/proc/thread-self/status", NULL), *at = strstr(text, "Seccomp_filters:\t");
  if (at) REQUIRE(!strncmp(at + 17, count, strlen(count)), "%s has filters: %.3s, not %s", what, at + 17, count);
  free(text);
}

static pthread_barrier_t barrier;

static void *filtered_thread(void *argument) {
  (void)argument;
  refuse_call(SYS_getppid, EXDEV, 0);
  refuse_call(SYS_getppid, ELOOP, 0);
  pthread_barrier_wait(&barrier);
  wait_for_verdict();
  expect_filters("3", "the thread of its own");
  /* Of two errors the kernel takes that of the filter installed last (seccomp(2)). */
  expect_refused(SYS_getppid, ELOOP, "the thread of its own");
  expect_refused(SYS_getpgid, ENOTNAM, "the thread of its own");
  return NULL;
}

static void *plain_thread(void *argument) {
  (void)argument;
  pthread_barrier_wait(&barrier);
  /* Asleep in a call that the kernel takes up again by restart_syscall(2). */
  wait_for_verdict();
  expect_filters("1", "the plain thread");
  expect_refused(SYS_getpgid, ENOTNAM, "the plain thread");
  REQUIRE(syscall(SYS_getppid) > 0, "getppid in the plain thread");
  return NULL;
}

void run_filters(int argc, char **argv) {
  (void)argc, (void)argv;
  pthread_t threads[2];
  pthread_barrier_init(&barrier, NULL, 3);
  refuse_call(SYS_getpgid, ENOTNAM, SECCOMP_FILTER_FLAG_LOG);
  must(-pthread_create(&threads[0], NULL, filtered_thread, NULL), "pthread_create");
  must(-pthread_create(&threads[1], NULL, plain_thread, NULL), "pthread_create");
  pthread_barrier_wait(&barrier);
  refuse_call(SYS_getsid, ENOANO, 0);
  report_ready();
  wait_for_verdict();
  expect_filters("2", "the leader");
  expect_refused(SYS_getsid, ENOANO, "the leader");
  expect_refused(SYS_getpgid, ENOTNAM, "the leader");
  for (size_t i = 0; i < 2; i++) pthread_join(threads[i], NULL);
}

/* All threads together, and once more after the restart: that works only if their filters are the same objects. */
static void *synchronized_thread(void *argument) {
  (void)argument;
  pthread_barrier_wait(&barrier);
  wait_for_verdict();
  expect_refused(SYS_getpgid, ENOTNAM, "the synchronized thread");
  pthread_barrier_wait(&barrier);
  pthread_barrier_wait(&barrier); /* The leader has filtered them all again. */
  expect_refused(SYS_getsid, ENOANO, "the synchronized thread");
  return NULL;
}

void run_filters_together(int argc, char **argv) {
  (void)argc, (void)argv;
  pthread_t threads[2];
  pthread_barrier_init(&barrier, NULL, 3);
  for (size_t i = 0; i < 2; i++) must(-pthread_create(&threads[i], NULL, synchronized_thread, NULL), "pthread_create");
  pthread_barrier_wait(&barrier);
  refuse_call(SYS_getpgid, ENOTNAM, SECCOMP_FILTER_FLAG_TSYNC);
  report_ready();
  wait_for_verdict();
  pthread_barrier_wait(&barrier);
  refuse_call(SYS_getsid, ENOANO, SECCOMP_FILTER_FLAG_TSYNC);
  pthread_barrier_wait(&barrier);
  for (size_t i = 0; i < 2; i++) pthread_join(threads[i], NULL);
}

/* A thread whose filter ends the whole process at any call but read, write, exit and rt_sigreturn. */
static int wakes[2], answers[2];

static void *deadly_thread(void *argument) {
  (void)argument;
  struct sock_filter code[] = {
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_read, 4, 0),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_write, 3, 0),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit, 2, 0),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_rt_sigreturn, 1, 0),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = {.len = COUNT(code), .filter = code};
  must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "PR_SET_NO_NEW_PRIVS");
  must(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program), "SECCOMP_SET_MODE_FILTER");
  char byte = 'd';
  while (write(answers[1], &byte, 1) == 1 && read(wakes[0], &byte, 1) == 1) continue;
  syscall(SYS_exit, 0);
  return NULL;
}

void run_deadly_filter(int argc, char **argv) {
  (void)argc, (void)argv;
  pthread_t thread;
  char byte = 0;
  must(pipe(wakes), "pipe");
  must(pipe(answers), "pipe");
  must(-pthread_create(&thread, NULL, deadly_thread, NULL), "pthread_create");
  REQUIRE(read(answers[0], &byte, 1) == 1 && byte == 'd', "the filtered thread is silent");
  report_ready();
  wait_for_verdict();
  REQUIRE(write(wakes[1], "w", 1) == 1 && read(answers[0], &byte, 1) == 1 && byte == 'w', "the filtered thread is silent");
}

/* The strict seccomp mode (SECCOMP_MODE_STRICT) of a process, and of one of the threads of another: read, write and exit work
 * on, everything else ends the task. */
#include <errno.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "workload.h"

static int orders[2], answers[2];

/* Doubles numbers until it is sent 0; then it makes a call that is forbidden. */
static void *obey(void *unused) {
  must(prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT, 0, 0, 0), "PR_SET_SECCOMP");
  unsigned char number = 0;
  do {
    number = (unsigned char)(number * 2);
    if (syscall(SYS_write, answers[1], &number, 1) != 1) syscall(SYS_exit, 3);
    if (syscall(SYS_read, orders[0], &number, 1) != 1) syscall(SYS_exit, 4);
  } while (number != 0);
  syscall(SYS_getppid);
  syscall(SYS_exit, 5);
  return unused;
}

static void expect_double(unsigned char number, unsigned char expected) {
  if (number) REQUIRE(write(orders[1], &number, 1) == 1, "write");
  REQUIRE(read(answers[0], &number, 1) == 1 && number == expected, "%d instead of %d", number, expected);
}

void run_strict(int argc, char **argv) {
  bool is_thread = argc > 0 && !strcmp(argv[0], "thread");
  must(pipe(orders), "pipe");
  must(pipe(answers), "pipe");
  pid_t child = (pid_t)must(fork(), "fork");
  if (child == 0) {
    pthread_t thread;
    if (!is_thread) obey(NULL);
    REQUIRE(pthread_create(&thread, NULL, obey, NULL) == 0, "pthread_create");
    wait_for_verdict();
    pthread_join(thread, NULL);
    _exit(6);
  }
  expect_double(0, 0);
  expect_double(7, 14);
  report_ready();
  wait_for_verdict();
  expect_double(21, 42);
  unsigned char forbidden = 0;
  REQUIRE(write(orders[1], &forbidden, 1) == 1, "write");
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child, "waitpid: %s", strerror(errno));
  /* A single thread alone is killed in the strict mode; the process then ends when its leader does. */
  REQUIRE(is_thread ? status == 6 << 8 : WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "it ended with %#x",
          (unsigned)status);
}

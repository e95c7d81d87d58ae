/* A 32-bit parent with a child of its own kind, a 64-bit one that reads from a pipe, and a zombie. */
#include "program32.h"

enum { CHILD_STATUS = 7, SHELL_STATUS = 9, ZOMBIE_STATUS = 201 };

static int32_t ends[2];

static long start_shell(void) {
  const char *arguments[] = {"sh", "-c", "read word && exit $word", NULL};
  int32_t executed[2], nothing;
  CALL(pipe2, executed, 02000000); /* O_CLOEXEC: closed by execve(2) */
  long child = CALL(fork);
  if (child != 0) {
    CALL(close, executed[1]);
    CALL(read, executed[0], &nothing, 1);
    CALL(close, executed[0]);
    return child;
  }
  CALL(dup2, ends[0], 0);
  CALL(close, ends[1]);
  CALL(execve, "/bin/sh", arguments, environment);
  fail("able to start a shell", 0);
}

static void expect(long child, int32_t expected) {
  int32_t status = -1;
  long result = CALL(waitpid, child, &status, 0);
  REQUIRE(result == child, result);
  REQUIRE(status == expected << 8, status);
}

void run_tree(void) {
  static uint32_t store[4] = {0x12345678};
  REQUIRE(set_area(12, store, 4095) == 0, 0);
  load_gs(12);
  long zombie = CALL(fork);
  if (zombie == 0) CALL(exit_group, ZOMBIE_STATUS);
  struct queued_signal ended;
  CALL(waitid, 1, zombie, &ended, 0x01000004, NULL); /* P_PID; WNOWAIT, WEXITED */
  CALL(pipe, ends);
  long child = CALL(fork);
  if (child == 0) {
    wait_for_verdict();
    REQUIRE(gs_word() == store[0], gs_word());
    CALL(exit_group, CHILD_STATUS);
  }
  long shell = start_shell();
  report("ready");
  wait_for_verdict();
  REQUIRE(gs_word() == store[0], gs_word());
  CALL(write, ends[1], "9\n", 2);
  expect(child, CHILD_STATUS);
  expect(shell, SHELL_STATUS);
  expect(zombie, ZOMBIE_STATUS);
}

/* A tree of tasks. Each knows its pid, parent, group and session; at the verdict a question goes down the tree and the
 * sum of all answers comes up again. */
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include "workload.h"

struct self {
  pid_t pid, parent, group, session;
};

struct answer {
  uint64_t count, sum;
};

struct child {
  pid_t pid;
  int ask, answer;
};

static struct self who_am_i(void) { return (struct self){getpid(), getppid(), getpgrp(), getsid(0)}; }

static void must_write(int end, const void *data, size_t size) {
  REQUIRE(write(end, data, size) == (ssize_t)size, "writing to a relative");
}

static void must_read(int end, void *data, size_t size) {
  ssize_t got = must(read(end, data, size), "reading from a relative");
  REQUIRE(got == (ssize_t)size, "a relative has gone");
}

static int exit_code(pid_t pid) { return (int)(mix((uint64_t)pid) & 0x7f); }

/* The smallest number of children each with which `levels` levels hold `tasks` tasks. */
static int fan_out(int levels, int tasks) {
  for (int fan = 1;; fan++) {
    long held = 0, row = 1;
    for (int level = 0; level < levels; level++, row *= fan) held += row;
    if (held >= tasks) return fan;
  }
}

static struct answer ask_all(const struct child *children, int count, uint64_t question) {
  struct answer all = {0, 0};
  for (int i = 0; i < count; i++) must_write(children[i].ask, &question, sizeof question);
  for (int i = 0; i < count; i++) {
    struct answer part;
    must_read(children[i].answer, &part, sizeof part);
    all.count += part.count;
    all.sum += part.sum;
  }
  return all;
}

static void check_self(const struct self *then, bool root) {
  struct self now = who_am_i();
  REQUIRE(now.pid == then->pid, "pid is %d, not %d", now.pid, then->pid);
  REQUIRE(root || now.parent == then->parent, "parent is %d, not %d", now.parent, then->parent);
  REQUIRE(now.group == then->group, "process group is %d, not %d", now.group, then->group);
  REQUIRE(now.session == then->session, "session is %d, not %d", now.session, then->session);
}

static void answer_and_end(int ask, int answer, const struct child *children, int count, const struct self *self);

static int grow(int levels, int tasks, struct child *children) {
  int fan = levels > 1 ? fan_out(levels, tasks) : 0, rest = tasks - 1, count = 0;
  for (; rest > 0 && count < fan; count++) {
    int share = (rest + fan - count - 1) / (fan - count);
    int down[2], up[2];
    must(pipe(down), "pipe");
    must(pipe(up), "pipe");
    pid_t pid = (pid_t)must(fork(), "fork");
    if (pid == 0) {
      for (int i = 0; i < count; i++) close(children[i].ask), close(children[i].answer);
      close(down[1]);
      close(up[0]);
      struct self self = who_am_i();
      struct child *own = calloc((size_t)share + 1, sizeof *own);
      int grown = grow(levels - 1, share, own);
      answer_and_end(down[0], up[1], own, grown, &self);
    }
    close(down[0]);
    close(up[1]);
    children[count] = (struct child){pid, down[1], up[0]};
    rest -= share;
  }
  return count;
}

/* Answers questions until the question is 0, then ends with a status that the parent can compute. */
static void answer_and_end(int ask, int answer, const struct child *children, int count, const struct self *self) {
  for (uint64_t question;;) {
    must_read(ask, &question, sizeof question);
    check_self(self, false);
    struct answer all = ask_all(children, question ? count : 0, question);
    all.count++;
    all.sum += mix(question ^ (uint64_t)getpid());
    if (!question) break;
    must_write(answer, &all, sizeof all);
  }
  for (int i = 0; i < count; i++) {
    uint64_t end = 0;
    int status = 0;
    must_write(children[i].ask, &end, sizeof end);
    must(waitpid(children[i].pid, &status, 0), "waitpid");
    REQUIRE(status == exit_code(children[i].pid) << 8, "child %d ended with %#x", children[i].pid, (unsigned)status);
  }
  _exit(exit_code(getpid()));
}

void run_tree(int argc, char **argv) {
  int levels = argc > 0 ? atoi(argv[0]) : 4, tasks = argc > 1 ? atoi(argv[1]) : 40;
  struct self self = who_am_i();
  struct child *children = calloc((size_t)tasks + 1, sizeof *children);
  int count = grow(levels, tasks, children);
  struct answer before = ask_all(children, count, 12345);
  REQUIRE(before.count == (uint64_t)tasks - 1, "%lu tasks below the root, not %d", before.count, tasks - 1);
  report_ready();
  wait_for_verdict();
  check_self(&self, true);
  struct answer after = ask_all(children, count, 12345);
  REQUIRE(after.count == before.count && after.sum == before.sum, "%lu tasks answer %#lx, not %lu and %#lx",
          after.count, after.sum, before.count, before.sum);
  for (int i = 0; i < count; i++) {
    uint64_t end = 0;
    int status = 0;
    must_write(children[i].ask, &end, sizeof end);
    must(waitpid(children[i].pid, &status, 0), "waitpid");
    REQUIRE(status == exit_code(children[i].pid) << 8, "child %d ended with %#x", children[i].pid, (unsigned)status);
  }
}

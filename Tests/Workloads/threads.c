/* Threads: turns at a checksum under a mutex and a condition variable, names, thread-local storage, tids. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "workload.h"

enum { THREADS = 8 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t turned = PTHREAD_COND_INITIALIZER;
static uint64_t turns, checksum;
static bool ending;
static pid_t tids[THREADS];
static __thread uint64_t own_turns, own_checksum;
static __thread char own_block[3000];

static void check_thread(uint64_t id, pthread_t self) {
  char name[16], expected[16];
  snprintf(expected, sizeof expected, "worker-%lu", id);
  must(prctl(PR_GET_NAME, name), "PR_GET_NAME");
  REQUIRE(!strcmp(name, expected), "thread %lu is called %s", id, name);
  REQUIRE(syscall(SYS_gettid) == tids[id], "thread %lu has tid %ld, not %d", id, syscall(SYS_gettid), tids[id]);
  REQUIRE(pthread_equal(self, pthread_self()), "thread %lu: pthread_self has changed", id);
  size_t good = first_difference(own_block, sizeof own_block, id);
  REQUIRE(good == sizeof own_block, "thread %lu: thread-local storage differs at %zu", id, good);
  uint64_t again = 0;
  for (uint64_t turn = 0; turn < own_turns; turn++) again = mix(again ^ (turn * THREADS + id));
  REQUIRE(again == own_checksum, "thread %lu: checksum of %lu turns is wrong", id, own_turns);
}

static void *work(void *argument) {
  uint64_t id = (uintptr_t)argument;
  pthread_t self = pthread_self();
  char name[16];
  snprintf(name, sizeof name, "worker-%lu", id);
  prctl(PR_SET_NAME, name);
  fill(own_block, sizeof own_block, id);
  pthread_mutex_lock(&mutex);
  tids[id] = (pid_t)syscall(SYS_gettid);
  while (!ending) {
    while (turns % THREADS != id && !ending) pthread_cond_wait(&turned, &mutex);
    if (ending) break;
    checksum = mix(checksum ^ turns);
    own_checksum = mix(own_checksum ^ turns);
    turns++;
    own_turns++;
    pthread_cond_broadcast(&turned);
    if (turns % 200 == 0) {
      pthread_mutex_unlock(&mutex);
      REQUIRE(nap(1000), "nanosleep was interrupted");
      pthread_mutex_lock(&mutex);
    }
  }
  pthread_mutex_unlock(&mutex);
  check_thread(id, self);
  return (void *)(uintptr_t)mix(id);
}

void run_threads(int argc, char **argv) {
  (void)argc, (void)argv;
  pthread_t threads[THREADS];
  for (uintptr_t i = 0; i < THREADS; i++) pthread_create(&threads[i], NULL, work, (void *)i);
  for (uint64_t seen = 0; seen < 10 * THREADS;) {
    nap(1000);
    pthread_mutex_lock(&mutex);
    seen = turns;
    pthread_mutex_unlock(&mutex);
  }
  report_ready();
  wait_for_verdict();

  pthread_mutex_lock(&mutex);
  uint64_t before = turns;
  pthread_mutex_unlock(&mutex);
  for (uint64_t now = before; now < before + 10 * THREADS;) {  // all of them still take turns
    nap(1000);
    pthread_mutex_lock(&mutex);
    now = turns;
    pthread_mutex_unlock(&mutex);
  }
  pthread_mutex_lock(&mutex);
  ending = true;
  pthread_cond_broadcast(&turned);
  pthread_mutex_unlock(&mutex);
  for (uintptr_t i = 0; i < THREADS; i++) {
    void *result = NULL;
    REQUIRE(pthread_join(threads[i], &result) == 0, "join");
    REQUIRE((uintptr_t)result == mix(i), "thread %lu returned a wrong value", i);
  }
  uint64_t again = 0;
  for (uint64_t turn = 0; turn < turns; turn++) again = mix(again ^ turn);
  REQUIRE(again == checksum, "checksum of %lu turns is %#lx, should be %#lx", turns, checksum, again);
}

/* Until the leader of the calling thread's group shows as a zombie. */
static void await_dead_leader(void) {
  for (bool dead = false; !dead;) {
    char *text = read_text("/proc/self/stat", NULL);
    dead = strstr(text, ") Z ") != NULL;
    free(text);
    nap(1000);
  }
}

static int leader_exit_pipe[2];
static int last_pipe[2];
static pid_t buried, heir;

static int thread_count(void) {
  int count = 0;
  sscanf(strstr(read_text("/proc/self/status", NULL), "Threads:"), "Threads: %d", &count);
  return count;
}

/* Two threads whose leader has ended with a code of its own; a child, memory, a descriptor and a signal of the group. */
static void *inherit(void *argument) {
  uint64_t block[200];
  fill(block, sizeof block, 5);
  if (argument) {
    await_dead_leader();
    sigset_t pending;
    must(kill(getpid(), SIGUSR1), "kill");  // blocked: pending for the group
    REQUIRE(write(leader_exit_pipe[1], "r", 1) == 1, "write");
    wait_for_verdict();
    char byte;
    REQUIRE(read(last_pipe[0], &byte, 1) == 1, "read");  // the parent has looked at the leader
    while (thread_count() > 2) nap(1000);  // the last one to end says how the group has ended
    sigpending(&pending);
    REQUIRE(sigismember(&pending, SIGUSR1), "the group's pending signal is gone");
    int status = 0;
    must(waitpid(heir, &status, 0), "waitpid");
    REQUIRE(status == 0, "the child of a group with a dead leader ended with %#x", (unsigned)status);
  } else {
    wait_for_verdict();
  }
  REQUIRE(first_difference(block, sizeof block, 5) == sizeof block, "a stack differs");
  syscall(SYS_exit, argument ? 1 : 2);
  return NULL;
}

static void bury_leader(void) {
  pthread_t thread;
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  pthread_sigmask(SIG_BLOCK, &set, NULL);
  prctl(PR_SET_NAME, "buried");
  pid_t parent = getpid();
  heir = (pid_t)must(fork(), "fork");
  if (heir == 0) {
    wait_for_verdict();
    REQUIRE(getppid() == parent, "the parent is %d, not %d", getppid(), parent);
    _exit(0);
  }
  for (uintptr_t i = 0; i < 2; i++) pthread_create(&thread, NULL, inherit, (void *)i);
  syscall(SYS_exit, 142);
}

/* Field 52 of /proc/PID/stat, the last one. */
static unsigned exit_code_of(pid_t pid) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/stat", pid);
  return (unsigned)strtoul(strrchr(read_text(path, NULL), ' '), NULL, 10);
}

static void *outlive(void *argument) {
  pid_t leader = getpid();
  (void)argument;
  pid_t tid = (pid_t)syscall(SYS_gettid);
  await_dead_leader();
  char byte, path[64];
  REQUIRE(read(leader_exit_pipe[0], &byte, 1) == 1 && byte == 'r', "the other group is not ready");
  REQUIRE(write(leader_exit_pipe[1], "x", 1) == 1, "write");
  report_ready();
  wait_for_verdict();
  REQUIRE(getpid() == leader, "pid is %d, not %d", getpid(), leader);
  REQUIRE(syscall(SYS_gettid) == tid, "tid is %ld, not %d", syscall(SYS_gettid), tid);
  REQUIRE(read(leader_exit_pipe[0], &byte, 1) == 1 && byte == 'x', "the pipe's content is gone");
  char *text = read_text("/proc/self/stat", NULL);
  REQUIRE(strstr(text, ") Z "), "the leader is alive again");
  REQUIRE(exit_code_of(buried) == 142 << 8, "the dead leader's exit code is %#x", exit_code_of(buried));
  snprintf(path, sizeof path, "/proc/%d/comm", buried);
  REQUIRE(!strcmp(read_text(path, NULL), "buried\n"), "the dead leader has another name");
  REQUIRE(write(last_pipe[1], "g", 1) == 1, "write");
  int status = 0;
  must(waitpid(buried, &status, 0), "waitpid");
  // Since Linux 5.16 the last thread's exit code is the group's.
  REQUIRE(status == 1 << 8 || status == 142 << 8, "the group with the dead leader ended with %#x", (unsigned)status);
  report("PASS");
  _exit(0);
}

void run_dead_leader(int argc, char **argv) {
  (void)argc, (void)argv;
  pthread_t thread;
  must(pipe(leader_exit_pipe), "pipe");
  must(pipe(last_pipe), "pipe");
  buried = (pid_t)must(fork(), "fork");
  if (buried == 0) bury_leader();
  pthread_create(&thread, NULL, outlive, NULL);
  pthread_exit(NULL);
}

static void *sleep_until_told(void *argument) {
  pthread_mutex_lock(&mutex);
  while (!ending) pthread_cond_wait(&turned, &mutex);
  pthread_mutex_unlock(&mutex);
  return (void *)(uintptr_t)mix((uintptr_t)argument);
}

static void join_all(size_t count) {
  pthread_t *threads = calloc(count, sizeof *threads);
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, 128 << 10);
  for (size_t i = 0; i < count; i++)
    REQUIRE(pthread_create(&threads[i], &attributes, sleep_until_told, (void *)i) == 0, "pthread_create %zu", i);
  report_ready();
  wait_for_verdict();
  pthread_mutex_lock(&mutex);
  ending = true;
  pthread_cond_broadcast(&turned);
  pthread_mutex_unlock(&mutex);
  for (size_t i = 0; i < count; i++) {
    void *result = NULL;
    REQUIRE(pthread_join(threads[i], &result) == 0, "join");
    REQUIRE((uintptr_t)result == mix(i), "thread %zu returned a wrong value", i);
  }
}

/* pthread_join waits for the kernel to clear the tid that set_tid_address or CLONE_CHILD_CLEARTID named. */
void run_join(int argc, char **argv) {
  (void)argc, (void)argv;
  join_all(3);
}

void run_many_threads(int argc, char **argv) { join_all(argc > 0 ? (size_t)atoi(argv[0]) : 200); }

/* Names that are not UTF-8, as the kernel leaves them when it cuts one at 15 bytes, with parentheses and line ends. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include "workload.h"

/* The second half of a letter is missing; no letters at all; what looks like the end of a name in stat; a line end. */
static const char *const names[] = {"Berechnung-Str\xc3\x9f" "e", "\xff\xfe\x80\x81", ") Z 1 2 (", "two\nlines\xe2\x82", ""};
static pthread_barrier_t named;

static void expect_name(size_t number, const char *who) {
  char name[16];
  must(prctl(PR_GET_NAME, name), "PR_GET_NAME");
  REQUIRE(!strncmp(name, names[number], 15), "%s %zu has another name", who, number);
}

static void *name_thread(void *argument) {
  size_t number = (size_t)argument;
  must(prctl(PR_SET_NAME, names[number]), "PR_SET_NAME");
  pthread_barrier_wait(&named);
  while (!verdict_wanted()) nap(2000);
  expect_name(number, "thread");
  return NULL;
}

/* The bytes between the first and the last parenthesis of its stat. */
static void expect_zombie_name(pid_t pid, size_t number) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/stat", pid);
  char *text = read_text(path, NULL), *open = strchr(text, '('), *close = strrchr(text, ')');
  size_t length = strnlen(names[number], 15);
  REQUIRE(open && close && (size_t)(close - open - 1) == length && !memcmp(open + 1, names[number], length),
          "zombie %zu has another name: %s", number, text);
  free(text);
}

void run_names(int argc, char **argv) {
  (void)argc, (void)argv;
  pid_t zombies[COUNT(names)];
  pthread_t threads[COUNT(names)];
  siginfo_t information;
  for (size_t i = 0; i < COUNT(names); i++) {
    zombies[i] = (pid_t)must(fork(), "fork");
    if (zombies[i] == 0) {
      prctl(PR_SET_NAME, names[i]);
      _exit(0);
    }
    must(waitid(P_PID, (id_t)zombies[i], &information, WEXITED | WNOWAIT), "waitid");
  }
  pid_t child = (pid_t)must(fork(), "fork");
  if (child == 0) {
    prctl(PR_SET_NAME, names[1]);
    wait_for_verdict();
    expect_name(1, "child");
    _exit(0);
  }
  must(prctl(PR_SET_NAME, names[0]), "PR_SET_NAME");
  pthread_barrier_init(&named, NULL, COUNT(names) + 1);
  for (size_t i = 0; i < COUNT(names); i++) pthread_create(&threads[i], NULL, name_thread, (void *)i);
  pthread_barrier_wait(&named);
  report_ready();
  wait_for_verdict();
  expect_name(0, "process");
  for (size_t i = 0; i < COUNT(names); i++) {
    pthread_join(threads[i], NULL);
    expect_zombie_name(zombies[i], i);
    reap_clean(zombies[i], "a zombie");
  }
  reap_clean(child, "the child");
}

/* Starting a program from a test: what posix_spawn(3) has only with _GNU_SOURCE, which Swift's import does not see. */
#pragma once
#include <stdbool.h>
#include <sys/types.h>

struct test_spawn {
  const char *program;
  char *const *arguments;
  char *const *environment;
  const char *directory; /* NULL: the caller's */
  int descriptors[3];    /* the caller's, to be 0, 1 and 2 of the child; all others are closed */
  bool own_session;
};

/* Starts the program with default signal actions and no signal blocked; returns 0 or an errno. */
int test_spawn(const struct test_spawn *request, pid_t *child);

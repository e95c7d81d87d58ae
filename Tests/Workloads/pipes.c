/* Pipes: content, capacity, flags, closed ends, readers and writers that are blocked in them. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include "workload.h"

enum { STREAM = 1 << 20 };

static void make(int ends[2], int flags) { must(pipe2(ends, flags), "pipe2"); }

static void put(int end, size_t bytes, uint64_t seed) {
  char *content = malloc(bytes);
  fill(content, bytes, seed);
  // A write that has begun ends early when its task is stopped, by whatever means: the kernel does that (pipe(7) calls
  // it a partial write). What must never be seen is EINTR.
  for (size_t done = 0; content && done < bytes;)
    done += (size_t)must(write(end, content + done, bytes - done), "write to a pipe");
  free(content);
}

static void expect(int end, size_t bytes, uint64_t seed, const char *what) {
  char *content = malloc(bytes);
  size_t got = 0;
  while (content && got < bytes) {
    ssize_t part = must(read(end, content + got, bytes - got), what);
    REQUIRE(part > 0, "%s: end of file after %zu bytes of %zu", what, got, bytes);
    got += (size_t)part;
  }
  size_t good = first_difference(content, bytes, seed);
  REQUIRE(good == bytes, "%s: content differs at %zu", what, good);
  free(content);
}

static void expect_empty(int end, const char *what) {
  char byte;
  REQUIRE(read(end, &byte, 1) == -1 && errno == EAGAIN, "%s: more content than there was", what);
}

/* Starts a child that copies a stream of bytes into or out of a pipe, blocking in the middle of it. */
static pid_t streamer(int end, int other, bool writing, uint64_t seed) {
  pid_t child = (pid_t)must(fork(), "fork");
  if (child) return child;
  close(other);
  if (writing) put(end, STREAM, seed);
  else expect(end, STREAM, seed, "blocked reader");
  _exit(0);
}

void run_pipes(int argc, char **argv) {
  (void)argc, (void)argv;
  signal(SIGPIPE, SIG_IGN);
  int partial[2], crossing[2], no_reader[2], no_writer[2], full[2], empty[2], to_child[2], from_child[2];
  make(partial, O_NONBLOCK);
  must(fcntl(partial[1], F_SETPIPE_SZ, 1 << 18), "F_SETPIPE_SZ");
  put(partial[1], 5000, 41);
  make(crossing, 0);  // what two tasks hold the ends of, with content on its way
  put(crossing[1], 70, 42);
  make(no_reader, O_CLOEXEC);
  close(no_reader[0]);
  make(no_writer, 0);
  put(no_writer[1], 33, 43);
  close(no_writer[1]);
  make(full, O_NONBLOCK);
  int capacity = (int)must(fcntl(full[1], F_SETPIPE_SZ, 8192), "F_SETPIPE_SZ");
  put(full[1], (size_t)capacity, 44);
  make(empty, O_NONBLOCK);
  make(to_child, 0);
  make(from_child, 0);
  pid_t reader = streamer(to_child[0], to_child[1], false, 45);
  pid_t writer = streamer(from_child[1], from_child[0], true, 46);
  close(to_child[0]);
  close(from_child[1]);
  put(to_child[1], STREAM / 2, 45);
  int waiting = 0;
  while (waiting < 65536) {  // until the writer has filled its pipe
    nap(1000);
    must(ioctl(from_child[0], FIONREAD, &waiting), "FIONREAD");
  }
  report_ready();
  wait_for_verdict();

  REQUIRE(fcntl(partial[0], F_GETPIPE_SZ) == 1 << 18, "capacity is %d", fcntl(partial[0], F_GETPIPE_SZ));
  REQUIRE((fcntl(partial[0], F_GETFL) & O_NONBLOCK) && !(fcntl(crossing[0], F_GETFL) & O_NONBLOCK), "O_NONBLOCK");
  expect(partial[0], 5000, 41, "partly filled pipe");
  expect_empty(partial[0], "partly filled pipe");
  put(partial[1], 200000, 47);
  expect(partial[0], 200000, 47, "pipe of 256 KiB");
  expect(crossing[0], 70, 42, "pipe");
  put(crossing[1], 10, 48);
  expect(crossing[0], 10, 48, "pipe, new content");
  REQUIRE(write(no_reader[1], "x", 1) == -1 && errno == EPIPE, "writing without a reader does not give EPIPE");
  REQUIRE(fcntl(no_reader[1], F_GETFD) == FD_CLOEXEC, "close-on-exec is lost");
  expect(no_writer[0], 33, 43, "pipe without a writer");
  char byte;
  REQUIRE(read(no_writer[0], &byte, 1) == 0, "a pipe without a writer has no end");
  REQUIRE(write(full[1], "x", 1) == -1 && errno == EAGAIN, "a full pipe takes more");
  expect(full[0], (size_t)capacity, 44, "full pipe");
  expect_empty(full[0], "full pipe");
  expect_empty(empty[0], "empty pipe");

  char *rest = malloc(STREAM);
  fill(rest, STREAM, 45);
  for (size_t done = STREAM / 2; done < STREAM;)
    done += (size_t)must(write(to_child[1], rest + done, STREAM - done), "write to the blocked reader");
  expect(from_child[0], STREAM, 46, "from the blocked writer");
  reap_clean(reader, "the blocked reader");
  reap_clean(writer, "the blocked writer");
  free(rest);
}

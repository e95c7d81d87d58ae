/* The report, the wait for the verdict, and data that can be computed again. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "workload.h"

char *inside(const char *name) {
  char *path = NULL;
  if (asprintf(&path, "%s/%s", directory, name) < 0) abort();
  return path;
}

static void write_line(const char *prefix, const char *format, va_list arguments) {
  char line[512];
  int length = snprintf(line, sizeof line, "%s", prefix);
  length += vsnprintf(line + length, sizeof line - 1 - (size_t)length, format, arguments);
  if (length > (int)sizeof line - 2) length = sizeof line - 2;
  line[length++] = '\n';
  if (write(STDOUT_FILENO, line, (size_t)length) != length) _exit(71);
}

void report(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  write_line("", format, arguments);
  va_end(arguments);
}

void report_ready(void) { report("ready"); }

_Noreturn void fail(const char *format, ...) {
  char prefix[64];
  snprintf(prefix, sizeof prefix, "FAIL: task %d: ", (int)getpid());
  va_list arguments;
  va_start(arguments, format);
  write_line(prefix, format, arguments);
  va_end(arguments);
  _exit(1);
}

long must(long result, const char *what) {
  if (result == -1) fail("%s: %s", what, strerror(errno));
  return result;
}

bool verdict_wanted(void) {
  static char path[4096];
  if (!path[0]) snprintf(path, sizeof path, "%s/verdict", directory);
  return access(path, F_OK) == 0;
}

bool nap(long microseconds) {
  struct timespec time = {.tv_sec = microseconds / 1000000, .tv_nsec = microseconds % 1000000 * 1000};
  return nanosleep(&time, NULL) == 0;
}

void wait_for_verdict(void) {
  while (!verdict_wanted()) REQUIRE(nap(2000), "nanosleep: %s", strerror(errno));
}

uint64_t mix(uint64_t value) {
  value += 0x9e3779b97f4a7c15u;
  value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9u;
  value = (value ^ value >> 27) * 0x94d049bb133111ebu;
  return value ^ value >> 31;
}

void fill(void *target, size_t bytes, uint64_t seed) {
  for (size_t i = 0; i < bytes; i += 8) {
    uint64_t word = mix(seed ^ i);
    memcpy((char *)target + i, &word, bytes - i < 8 ? bytes - i : 8);
  }
}

size_t first_difference(const void *target, size_t bytes, uint64_t seed) {
  for (size_t i = 0; i < bytes; i += 8) {
    uint64_t word = mix(seed ^ i);
    if (memcmp((const char *)target + i, &word, bytes - i < 8 ? bytes - i : 8)) return i;
  }
  return bytes;
}

uint64_t monotonic_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

char *read_text(const char *path, size_t *length) {
  int file = (int)must(open(path, O_RDONLY | O_CLOEXEC), path);
  size_t capacity = 1 << 18, used = 0;
  char *text = malloc(capacity);
  REQUIRE(text, "malloc");
  for (ssize_t got; (got = must(read(file, text + used, capacity - used - 1), path)) > 0;) used += (size_t)got;
  text[used] = 0;
  if (length) *length = used;
  close(file);
  return text;
}

int filled_file(const char *name, size_t bytes, uint64_t seed, int flags) {
  char *path = inside(name), *content = malloc(bytes + 1);
  REQUIRE(content, "malloc");
  int file = (int)must(open(path, O_RDWR | O_CREAT | O_TRUNC, 0644), name);
  fill(content, bytes, seed);
  REQUIRE(write(file, content, bytes) == (ssize_t)bytes, "writing %s", name);
  close(file);
  file = (int)must(open(path, flags), name);
  free(content);
  free(path);
  return file;
}

void reap_clean(pid_t child, const char *what) {
  int status = 0;
  must(waitpid(child, &status, 0), what);
  REQUIRE(status == 0, "%s (%d) ended with status %#x", what, child, (unsigned)status);
}

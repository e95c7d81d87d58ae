/* The demonstration job: a small tree of tasks with threads, a pipe, a sleeper and a zombie, whose work proves that
 * nothing was lost or done twice.
 *
 *   crtop-demo DIRECTORY      works until DIRECTORY/stop exists, then checks everything and says "right"
 *   crtop-demo --sum ROUNDS   the checksum that so many rounds must give
 */
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { THREADS = 3, MEMORY = 16 << 20, FINISHED = 42 };

static char directory[4000];
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static uint64_t rounds, checksum;

static _Noreturn void wrong(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  printf("wrong: ");
  vprintf(format, arguments);
  printf("\n");
  fflush(stdout);
  _exit(1);
}

static uint64_t next(uint64_t sum, uint64_t round) {
  uint64_t value = sum ^ (round + 0x9e3779b97f4a7c15u);
  value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9u;
  return value ^ value >> 27;
}

static uint64_t sum_of(uint64_t count) {
  uint64_t sum = 0;
  for (uint64_t round = 0; round < count; round++) sum = next(sum, round);
  return sum;
}

static bool stopping(void) {
  char path[4096];
  snprintf(path, sizeof path, "%s/stop", directory);
  return access(path, F_OK) == 0;
}

static void nap(long milliseconds) {
  struct timespec time = {milliseconds / 1000, milliseconds % 1000 * 1000000};
  if (nanosleep(&time, NULL)) wrong("a sleep was interrupted");
}

static void *compute(void *name) {
  prctl(PR_SET_NAME, name);
  while (!stopping()) {
    for (int i = 0; i < 1000; i++) {
      pthread_mutex_lock(&mutex);
      checksum = next(checksum, rounds++);
      pthread_mutex_unlock(&mutex);
    }
    nap(2);
  }
  return NULL;
}

/* A line for each quarter of a second: how many rounds, and their checksum. */
static void report(FILE *progress) {
  pthread_mutex_lock(&mutex);
  fprintf(progress, "%lu %016lx\n", rounds, checksum);
  pthread_mutex_unlock(&mutex);
  fflush(progress);
}

static _Noreturn void produce(int end) {
  prctl(PR_SET_NAME, "producer");
  for (uint64_t number = 0; !stopping(); number++) {
    if (write(end, &number, sizeof number) != sizeof number) wrong("the pipe takes no more");
    nap(1);
  }
  _exit(0);
}

static _Noreturn void consume(int end) {
  prctl(PR_SET_NAME, "consumer");
  uint64_t number, expected = 0;
  while (read(end, &number, sizeof number) == sizeof number)
    if (number != expected++) wrong("number %lu came through the pipe, not %lu", number, expected - 1);
  _exit(expected > 0 ? 0 : 1);
}

static _Noreturn void sleep_on(void) {
  prctl(PR_SET_NAME, "sleeper");
  sigset_t none;
  sigemptyset(&none);
  sigsuspend(&none);
  wrong("the sleeper woke");
}

static _Noreturn void finish(void) {
  prctl(PR_SET_NAME, "finished");
  _exit(FINISHED);
}

static void expect_status(pid_t child, int expected, const char *name) {
  int status = -1;
  if (waitpid(child, &status, 0) != child) wrong("%s cannot be waited for", name);
  if (status != expected) wrong("%s ended with status %#x, not %#x", name, (unsigned)status, (unsigned)expected);
}

static void fill_memory(unsigned char *memory) {
  for (size_t i = 0; i < MEMORY; i++) memory[i] = (unsigned char)(i * 31 + (i >> 12));
}

int main(int argc, char **argv) {
  if (argc == 3 && !strcmp(argv[1], "--sum")) return printf("%016lx\n", sum_of(strtoul(argv[2], NULL, 10))) < 0;
  if (argc != 2 || argv[1][0] != '/' || strlen(argv[1]) >= sizeof directory) {
    fprintf(stderr, "usage: crtop-demo DIRECTORY (an absolute path)\n       crtop-demo --sum ROUNDS\n");
    return 64;
  }
  strcpy(directory, argv[1]);
  setsid();  // a job of its own, not one of the terminal's
  close_range(3, ~0U, 0);  // nor with anything open that whoever started it left open
  char path[4096];
  snprintf(path, sizeof path, "%s/progress", directory);
  FILE *progress = fopen(path, "w");
  unsigned char *memory = malloc(MEMORY);
  int ends[2];
  if (!progress || !memory || pipe(ends)) return 70;
  fill_memory(memory);

  void (*const bodies[])(int) = {produce, consume};
  pid_t workers[2];
  for (int i = 0; i < 2; i++) {
    workers[i] = fork();
    if (workers[i] == 0) {
      close(ends[i]);
      bodies[i](ends[1 - i]);
    }
  }
  close(ends[0]);
  close(ends[1]);
  pid_t sleeper = fork();
  if (sleeper == 0) sleep_on();
  pid_t zombie = fork();
  if (zombie == 0) finish();

  static char *names[THREADS] = {"compute-1", "compute-2", "compute-3"};
  pthread_t threads[THREADS];
  for (int i = 0; i < THREADS; i++)
    if (pthread_create(&threads[i], NULL, compute, names[i])) return 70;
  while (!stopping()) {
    report(progress);
    nap(250);
  }
  for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
  report(progress);

  if (checksum != sum_of(rounds)) wrong("the checksum of %lu rounds is %016lx", rounds, checksum);
  for (size_t i = 0; i < MEMORY; i++)
    if (memory[i] != (unsigned char)(i * 31 + (i >> 12))) wrong("byte %zu of the memory has changed", i);
  expect_status(workers[0], 0, "the producer");
  expect_status(workers[1], 0, "the consumer");
  kill(sleeper, SIGTERM);
  expect_status(sleeper, SIGTERM, "the sleeper");
  expect_status(zombie, FINISHED << 8, "the zombie");
  printf("right: %lu rounds, checksum %016lx\n", rounds, checksum);
  return 0;
}

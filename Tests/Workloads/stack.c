/* Stacks: deep frames that are checked while they unwind, growth of the main stack and of a MAP_GROWSDOWN area. */
#include <alloca.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "workload.h"

enum { DEPTH = 256, FRAME = 4096 };

static char *growing;

static uint64_t __attribute__((noinline)) grow(unsigned depth) {
  char frame[FRAME];
  fill(frame, sizeof frame, depth);
  uint64_t below = depth ? grow(depth - 1) : 0;
  REQUIRE(first_difference(frame, sizeof frame, depth) == sizeof frame, "new frame %u differs", depth);
  return below + 1;
}

static void __attribute__((noinline)) descend(unsigned depth, pthread_barrier_t *there) {
  volatile char *frame = alloca(FRAME + depth);
  fill((char *)frame, FRAME + depth, depth);
  if (depth < DEPTH) {
    descend(depth + 1, there);
  } else if (there) {
    pthread_barrier_wait(there);
    wait_for_verdict();
  } else {
    report_ready();
    wait_for_verdict();
    REQUIRE(grow(600) == 601, "the stack does not grow");
  }
  size_t good = first_difference((char *)frame, FRAME + depth, depth);
  REQUIRE(good == FRAME + depth, "frame %u differs at %zu", depth, good);
}

static void *descend_thread(void *argument) {
  descend(DEPTH / 2, argument);
  return NULL;
}

void run_stack(int argc, char **argv) {
  (void)argc, (void)argv;
  pthread_barrier_t there;
  pthread_barrier_init(&there, NULL, 2);
  pthread_t thread;
  pthread_create(&thread, NULL, descend_thread, &there);
  pthread_barrier_wait(&there);

  // After the thread's stack, so that the addresses below stay free and the area has room to grow.
  char *room = mmap(NULL, 4096 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  REQUIRE(room != MAP_FAILED, "mmap");
  char *top = room + 4096 * PAGE - 8 * PAGE;
  must(munmap(room, 4096 * PAGE), "munmap");
  growing = mmap(top, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN | MAP_FIXED_NOREPLACE,
                 -1, 0);
  REQUIRE(growing == top, "mmap of a growing area");
  fill(growing, 8 * PAGE, 9);

  descend(0, NULL);
  pthread_join(thread, NULL);

  REQUIRE(first_difference(growing, 8 * PAGE, 9) == 8 * PAGE, "the growing area differs");
  for (int page = 1; page <= 64; page++) {
    volatile char *below = growing - (size_t)page * PAGE;
    REQUIRE(below[100] == 0, "a grown page is not zero");
    below[100] = 1;
  }
}

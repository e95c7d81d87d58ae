/* Threads, each with a thread area and a robust list of its own; one dies after the restart with a lock that others see. */
#include "program32.h"

enum { THREADS = 4, OWNER_DIED = 0x40000000 };

/* struct robust_list_head, and one lock on the list. */
struct list {
  void *next;
  int32_t offset;
  void *pending;
};
static struct lock {
  void *next;
  volatile int32_t word;
} locks[THREADS];
static struct list lists[THREADS];
static volatile int32_t alive[THREADS], ready;

static void hold(uint32_t index) {
  struct lock *lock = &locks[index];
  lists[index] = (struct list){lock, (int32_t)offsetof(struct lock, word), NULL};
  lock->next = &lists[index];
  lock->word = current_thread();
  CALL(set_robust_list, &lists[index], sizeof lists[index]);
  __atomic_fetch_add(&ready, 1, __ATOMIC_SEQ_CST);
  while (!verdict_wanted()) {
    nap(2);
    REQUIRE(gs_word() == index, gs_word());
  }
}

void run_threads(void) {
  for (uint32_t i = 0; i < THREADS; i++) start_thread(hold, i, &alive[i]);
  while (ready < THREADS) nap(1);
  report("ready");
  wait_for_verdict();
  for (uint32_t i = 0; i < THREADS; i++) join_thread(&alive[i]);
  for (uint32_t i = 0; i < THREADS; i++) REQUIRE(locks[i].word & OWNER_DIED, locks[i].word);
}

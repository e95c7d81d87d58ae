/* Sleeps of every kind, with 32-bit and 64-bit times, that last as long as they were told to: the time that the job did not
 * exist is not counted. */
#include "program32.h"

enum { LENGTH_MS = 3000, BEFORE_MS = 500, SLACK_MS = 500, NOTICED_MS = 30, ABSENT_MS = 1000, TIMER_ABSTIME = 1 };
/* Of ipc(2). */
enum { SEMGET = 2, SEMCTL = 3, SEMTIMEDOP = 4, IPC_PRIVATE = 0, IPC_RMID = 0 };
static volatile int32_t absent, word;
static long semaphores;

static struct time32 short_time(int32_t ms) { return (struct time32){ms / 1000, ms % 1000 * 1000000}; }
static struct time64 long_time(int32_t ms) { return (struct time64){ms / 1000, ms % 1000 * 1000000}; }

static long sleep_in(uint32_t kind) {
  struct time32 length = short_time(LENGTH_MS), rest, end = short_time(now_ms() + LENGTH_MS);
  struct time64 length64 = long_time(LENGTH_MS), rest64, end64 = long_time(now_ms() + LENGTH_MS);
  struct {
    uint16_t number, operation, flags;
  } down = {0, 0xffff, 0};
  switch (kind) {
  case 0: return CALL(nanosleep, &length, NULL);
  case 1: return CALL(nanosleep, &length, &rest);
  case 2: return CALL(clock_nanosleep, 1, 0, &length, &rest);
  case 3: return CALL(clock_nanosleep_time64, 1, 0, &length64, &rest64);
  case 4: return CALL(clock_nanosleep_time64, 1, 0, &length64, NULL);
  case 5: return CALL(poll, NULL, 0, LENGTH_MS);
  case 6: return CALL(futex, &word, FUTEX_WAIT, 0, &length);
  case 7: return CALL(futex_time64, &word, FUTEX_WAIT, 0, &length64);
  case 8: return CALL(_newselect, 0, NULL, NULL, NULL, (int32_t[]){LENGTH_MS / 1000, 0});
  case 9: return CALL(rt_sigtimedwait, &(uint64_t){1 << (SIGUSR2 - 1)}, NULL, &length, 8);
  case 10: return CALL(rt_sigtimedwait_time64, &(uint64_t){1 << (SIGUSR2 - 1)}, NULL, &length64, 8);
  case 11: return CALL(ipc, SEMTIMEDOP, semaphores, 1, 0, &down, &length);
  case 12: return CALL(semtimedop_time64, semaphores, &down, 1, &length64);
  case 13: return CALL(clock_nanosleep, 1, TIMER_ABSTIME, &end, NULL);
  case 14: return CALL(clock_nanosleep_time64, 1, TIMER_ABSTIME, &end64, NULL);
  case 15: return CALL(futex, &word, FUTEX_WAIT_BITSET, 0, &end, NULL, -1);
  default: return CALL(futex_time64, &word, FUTEX_WAIT_BITSET, 0, &end64, NULL, -1);
  }
}
/* From ENDED on a stop ends them, from UNTIL on they wait for a time. */
enum { KINDS = 17, ENDED = 9, UNTIL = 13 };
static volatile int32_t alive[KINDS];

static int32_t result_of(uint32_t kind) {
  if (kind >= ENDED && kind < UNTIL) return -EAGAIN;
  return kind == 6 || kind == 7 || kind >= 15 ? -ETIMEDOUT : 0;
}

static void sleep_once(uint32_t kind) {
  int32_t start = now_ms();
  long result = sleep_in(kind);
  REQUIRE(result == result_of(kind), result - 1000 * (long)kind);
  int32_t passed = now_ms() - start;
  nap(2 * NOTICED_MS); /* until the absence has been noticed */
  int32_t least = LENGTH_MS - 1;
  if (kind < UNTIL && absent >= ABSENT_MS) least += absent - SLACK_MS;
  REQUIRE(passed >= least, passed - 100000 * (long)kind);
  REQUIRE(passed <= LENGTH_MS + absent + SLACK_MS, passed + 100000 * (long)kind);
}

void run_sleeps(void) {
  semaphores = CALL(ipc, SEMGET, IPC_PRIVATE, 1, 0600);
  REQUIRE(semaphores >= 0, semaphores);
  for (uint32_t kind = 0; kind < KINDS; kind++) start_thread(sleep_once, kind, &alive[kind]);
  int32_t start = now_ms(), last = start;
  bool is_ready = false;
  for (uint32_t sleeping = KINDS; sleeping > 0;) {
    nap(2);
    int32_t now = now_ms();
    if (now - last >= NOTICED_MS) absent += now - last;
    last = now;
    if (!is_ready && now - start > BEFORE_MS) is_ready = true, report("ready");
    sleeping = 0;
    for (uint32_t kind = 0; kind < KINDS; kind++) sleeping += alive[kind] != 0;
  }
  REQUIRE(CALL(ipc, SEMCTL, semaphores, 0, IPC_RMID, &(void *){NULL}) == 0, 0);
  while (!verdict_wanted()) nap(2);
}

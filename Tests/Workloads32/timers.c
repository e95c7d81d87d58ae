/* An interval timer and a POSIX timer with a value: each goes off once, when the time that was left is over. */
#include "program32.h"

enum { FIRST_MS = 1500, SECOND_MS = 2000, SI_TIMER = -2, VALUE = 0x1f2e3d4c };
static volatile int32_t alarms, expiries;
static int32_t start, timer = -1;

static void on_alarm(int signal) {
  REQUIRE(signal == SIGALRM && now_ms() - start >= FIRST_MS, now_ms() - start);
  alarms++;
}

static void on_expiry(int signal, struct queued_signal *information, void *context) {
  (void)signal, (void)context;
  REQUIRE(information->code == SI_TIMER && information->value == VALUE, information->value);
  REQUIRE(information->sender == timer, information->sender); /* there the timer's id is */
  REQUIRE(now_ms() - start >= SECOND_MS, now_ms() - start);
  expiries++;
}

void run_timers(void) {
  struct action first = {(void *)on_alarm, SA_RESTART, NULL, 0}, second = {(void *)on_expiry, SA_SIGINFO, NULL, 0};
  CALL(rt_sigaction, SIGALRM, &first, NULL, 8);
  CALL(rt_sigaction, FIRST_REALTIME, &second, NULL, 8);
  start = now_ms();
  int32_t once[4] = {0, 0, FIRST_MS / 1000, FIRST_MS % 1000 * 1000};
  CALL(setitimer, 0, once, NULL);
  int32_t event[16] = {VALUE, FIRST_REALTIME, 0}; /* SIGEV_SIGNAL */
  long result = CALL(timer_create, 1, event, &timer);
  REQUIRE(result == 0, result);
  struct time32 times[2] = {{0, 0}, {SECOND_MS / 1000, SECOND_MS % 1000 * 1000000}};
  result = CALL(timer_settime, timer, 0, times, NULL);
  REQUIRE(result == 0, result);
  report("ready");
  while (!verdict_wanted() || !alarms || !expiries) {
    struct time32 step = {0, 2000000};
    CALL(nanosleep, &step, NULL);
    REQUIRE(now_ms() - start < 60000, alarms * 10 + expiries);
  }
  REQUIRE(alarms == 1 && expiries == 1, alarms * 10 + expiries);
}

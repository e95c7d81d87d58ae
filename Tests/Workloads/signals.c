/* Signal actions, masks and alternate stacks, through the raw system calls: all 64 signals, also the C library's two. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "workload.h"

struct kernel_action {
  void *handler;
  uint64_t flags;
  void *restorer;
  uint64_t mask;
};

enum { SIGNALS = 64, KERNEL_RESTORER = 0x04000000 };

void own_restorer(void);
__asm__(".text\n.type own_restorer, @function\nown_restorer:\n  mov $15, %eax\n  syscall\n");

static atomic_int delivered;
static char *handler_frame;
static void handler_a(int signal) {
  (void)signal;
  char here;
  handler_frame = &here;
  atomic_fetch_add(&delivered, 1);
}
static void handler_b(int signal) { handler_a(signal + 1); }

static bool settable(int signal) { return signal != SIGKILL && signal != SIGSTOP; }

/* What the action of a signal is to be: a function of its number alone. */
static struct kernel_action action_for(int signal) {
  uint64_t random = mix((uint64_t)signal * 1001);
  void (*handlers[])(int) = {handler_a, handler_b, SIG_IGN, SIG_DFL};
  void (*handler)(int) = handlers[random & 3];
  if (signal == SIGUSR2 || signal == SIGTRAP) handler = handler_a;
  struct kernel_action action = {
    .flags = KERNEL_RESTORER | (random >> 8 & (SA_RESTART | SA_NODEFER | SA_RESETHAND | SA_SIGINFO | SA_NOCLDSTOP)),
    .restorer = (void *)own_restorer,
    .mask = mix(random) & ~(1ul << (SIGKILL - 1) | 1ul << (SIGSTOP - 1)),
  };
  memcpy(&action.handler, &handler, sizeof handler);
  if (signal == SIGUSR2) action.flags = KERNEL_RESTORER | SA_ONSTACK, action.mask = 1ul << (SIGUSR1 - 1);
  return action;
}

static void raw_action(int signal, const struct kernel_action *new, struct kernel_action *old) {
  must(syscall(SYS_rt_sigaction, signal, new, old, 8), "rt_sigaction");
}

static void check_actions(void) {
  for (int signal = 1; signal <= SIGNALS; signal++) {
    if (!settable(signal)) continue;
    struct kernel_action expected = action_for(signal), now;
    raw_action(signal, NULL, &now);
    REQUIRE(now.handler == expected.handler, "signal %d: handler is %p, not %p", signal, now.handler, expected.handler);
    REQUIRE(now.flags == expected.flags, "signal %d: flags are %#lx, not %#lx", signal, now.flags, expected.flags);
    REQUIRE(now.restorer == expected.restorer, "signal %d: restorer is %p", signal, now.restorer);
    REQUIRE(now.mask == expected.mask, "signal %d: mask is %#lx, not %#lx", signal, now.mask, expected.mask);
  }
}

static uint64_t mask_for(int thread) {
  return mix(900 + (uint64_t)thread) & ~(1ul << (SIGKILL - 1) | 1ul << (SIGSTOP - 1) | 1ul << (SIGSEGV - 1));
}

static void check_mask(int thread) {
  uint64_t mask = 0;
  must(syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &mask, 8), "rt_sigprocmask");
  REQUIRE(mask == mask_for(thread), "thread %d: mask is %#lx, not %#lx", thread, mask, mask_for(thread));
}

static char stacks[3][65536];

static void use_alternate_stack(int thread) {
  stack_t now;
  must(sigaltstack(NULL, &now), "sigaltstack");
  REQUIRE(now.ss_sp == stacks[thread] && now.ss_size == sizeof stacks[thread] && now.ss_flags == 0,
          "thread %d: alternate stack is %p, %zu, %#x", thread, now.ss_sp, now.ss_size, now.ss_flags);
  static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;
  pthread_mutex_lock(&one_at_a_time);
  int before = atomic_load(&delivered);
  uint64_t usr2 = 1ul << (SIGUSR2 - 1), old;
  must(syscall(SYS_rt_sigprocmask, SIG_UNBLOCK, &usr2, &old, 8), "rt_sigprocmask");
  must(syscall(SYS_tgkill, getpid(), (int)syscall(SYS_gettid), SIGUSR2), "tgkill");
  must(syscall(SYS_rt_sigprocmask, SIG_SETMASK, &old, NULL, 8), "rt_sigprocmask");
  REQUIRE(atomic_load(&delivered) == before + 1, "thread %d: SIGUSR2 was not handled once", thread);
  REQUIRE(handler_frame >= stacks[thread] && handler_frame < stacks[thread] + sizeof stacks[thread],
          "thread %d: the handler ran at %p, not on the alternate stack", thread, (void *)handler_frame);
  pthread_mutex_unlock(&one_at_a_time);
}

static void set_up_thread(int thread) {
  stack_t stack = {.ss_sp = stacks[thread], .ss_size = sizeof stacks[thread]};
  must(sigaltstack(&stack, NULL), "sigaltstack");
  uint64_t mask = mask_for(thread);
  must(syscall(SYS_rt_sigprocmask, SIG_SETMASK, &mask, NULL, 8), "rt_sigprocmask");
}

static pthread_barrier_t set_up;

static void *run_thread(void *argument) {
  int thread = (int)(intptr_t)argument;
  set_up_thread(thread);
  pthread_barrier_wait(&set_up);
  while (!verdict_wanted()) REQUIRE(nap(2000), "nanosleep was interrupted");
  check_mask(thread);
  use_alternate_stack(thread);
  check_mask(thread);
  return NULL;
}

void run_signals(int argc, char **argv) {
  (void)argc, (void)argv;
  pthread_barrier_init(&set_up, NULL, 3);
  pthread_t threads[2];
  for (intptr_t i = 0; i < 2; i++) pthread_create(&threads[i], NULL, run_thread, (void *)(i + 1));
  // After the threads: pthread_create sets the actions of the C library's own two signals.
  for (int signal = 1; signal <= SIGNALS; signal++) {
    struct kernel_action action = action_for(signal);
    if (settable(signal)) raw_action(signal, &action, NULL);
  }
  pthread_barrier_wait(&set_up);
  set_up_thread(0);
  check_actions();
  report_ready();
  wait_for_verdict();
  REQUIRE(atomic_load(&delivered) == 0 || atomic_load(&delivered) <= 2, "%d signals came", atomic_load(&delivered));
  check_mask(0);
  check_actions();
  use_alternate_stack(0);
  for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
  REQUIRE(atomic_load(&delivered) == 3, "%d signals were handled, not 3", atomic_load(&delivered));
  check_actions();
}

/* --- pending signals --- */

enum { OWN = 3, SHARED = 4 };

static int queued_signal(int i) { return i == 0 ? SIGUSR1 : SIGRTMIN + 2 + i % 3; }
static int value_of(bool shared, int i) { return (int)(mix((uint64_t)i + (shared ? 500 : 600)) & 0x7fffffff); }

static void take(const sigset_t *set, int signal, int code, int value, const char *what) {
  siginfo_t information;
  struct timespec none = {0, 0};
  int got = sigtimedwait(set, &information, &none);
  REQUIRE(got == signal, "%s: got signal %d (%s), not %d", what, got, got < 0 ? strerror(errno) : "", signal);
  REQUIRE(information.si_code == code, "%s: si_code is %d, not %d", what, information.si_code, code);
  REQUIRE(information.si_pid == getpid() && information.si_uid == getuid(), "%s: sender is %d", what,
          information.si_pid);
  REQUIRE(code != SI_QUEUE || information.si_value.sival_int == value, "%s: value is %d, not %d", what,
          information.si_value.sival_int, value);
}

static void queue_to_thread(int signal, int value) {
  siginfo_t information = {.si_signo = signal, .si_code = SI_QUEUE};
  information.si_pid = getpid();
  information.si_uid = getuid();
  information.si_value.sival_int = value;
  must(syscall(SYS_rt_tgsigqueueinfo, getpid(), (int)syscall(SYS_gettid), signal, &information), "rt_tgsigqueueinfo");
}

/* Each thread takes its own signals, one real-time signal after the other: order within a number is by arrival. */
static void take_own(int thread) {
  for (int i = 0; i < OWN; i++) {
    sigset_t one;
    sigemptyset(&one);
    sigaddset(&one, SIGRTMIN + 10);
    take(&one, SIGRTMIN + 10, SI_QUEUE, value_of(false, i + thread * 10), "own signal");
  }
}

static void *pending_thread(void *argument) {
  int thread = (int)(intptr_t)argument;
  for (int i = 0; i < OWN; i++) queue_to_thread(SIGRTMIN + 10, value_of(false, i + thread * 10));
  pthread_barrier_wait(&set_up);
  while (!verdict_wanted()) REQUIRE(nap(2000), "nanosleep was interrupted");
  take_own(thread);
  return NULL;
}

void run_pending(int argc, char **argv) {
  (void)argc, (void)argv;
  sigset_t all, usr1, left;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, NULL);
  pthread_barrier_init(&set_up, NULL, 3);
  pthread_t threads[2];
  for (intptr_t i = 0; i < 2; i++) pthread_create(&threads[i], NULL, pending_thread, (void *)(i + 1));
  pthread_barrier_wait(&set_up);
  for (int i = 0; i < OWN; i++) queue_to_thread(SIGRTMIN + 10, value_of(false, i));
  must(kill(getpid(), SIGTERM), "kill");
  for (int i = 0; i < SHARED * 3; i++)
    must(sigqueue(getpid(), queued_signal(i), (union sigval){.sival_int = value_of(true, i)}), "sigqueue");
  report_ready();
  wait_for_verdict();
  take_own(0);
  for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
  sigemptyset(&usr1);
  sigaddset(&usr1, SIGUSR1);
  take(&usr1, SIGUSR1, SI_QUEUE, value_of(true, 0), "SIGUSR1");
  for (int which = 0; which < 3; which++)
    for (int i = 1; i < SHARED * 3; i++) {
      if (i % 3 != which) continue;
      sigset_t one;
      sigemptyset(&one);
      sigaddset(&one, SIGRTMIN + 2 + which);
      take(&one, SIGRTMIN + 2 + which, SI_QUEUE, value_of(true, i), "queued signal");
    }
  sigset_t term;
  sigemptyset(&term);
  sigaddset(&term, SIGTERM);
  take(&term, SIGTERM, SI_USER, 0, "SIGTERM");
  must(sigpending(&left), "sigpending");
  for (int signal = 1; signal < SIGNALS; signal++)
    REQUIRE(sigismember(&left, signal) != 1, "signal %d is pending and was never sent", signal);
}

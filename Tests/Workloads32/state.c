/* What the kernel keeps for a 32-bit task, and in the form of the 32-bit ABI: thread areas, segment registers, signal
 * actions, pending signals, the alternate stack, the robust list, flags of files, the vDSO, the address space. */
#include "program32.h"

enum { QUEUED = 3, SI_QUEUE = -1, AT_SYSINFO = 32, ACTIONS = 64 };

static uint32_t stores[3][4] = {{0xa0a0a0a0}, {0xb1b1b1b1}, {0xc2c2c2c2}};
static struct {
  void *next, *offset, *pending;
} robust = {&robust, NULL, NULL};
static char alternate[8192];
static int32_t received[QUEUED], codes[QUEUED];
static volatile uint32_t count;

static void take(int number, struct queued_signal *signal, void *context) {
  (void)number, (void)context;
  if (count < QUEUED) received[count] = signal->value, codes[count] = signal->code;
  count++;
}

static struct action action_of(int signal) {
  /* Without SA_RESTORER it returns through the vDSO. */
  uint32_t flags = SA_SIGINFO | (signal % 2 ? SA_NODEFER : SA_ONSTACK) | (signal % 3 ? 0 : SA_RESTORER);
  return (struct action){
    (void *)take, flags, flags & SA_RESTORER ? (void *)take : NULL, 0x1000000100000000u << signal % 16};
}

/* SIGKILL and SIGSTOP have none; SIGCHLD stays free for a tracer, as it is ignored. */
static bool is_set(int signal) { return signal != 9 && signal != 19 && signal != SIGCHLD && signal != FIRST_REALTIME; }

static long vdso_call(long number) {
  long result;
  __asm__ volatile("call *%1" : "=a"(result) : "r"(auxiliary(AT_SYSINFO)), "0"(number) : "memory", "ecx", "edx");
  return result;
}

static void queue_signals(void) {
  struct action action = {(void *)take, SA_SIGINFO, NULL, 0};
  REQUIRE(CALL(rt_sigaction, FIRST_REALTIME, &action, NULL, 8) == 0, 0);
  uint64_t mask = 1ull << (FIRST_REALTIME - 1);
  CALL(rt_sigprocmask, 0, &mask, NULL, 8);
  for (int32_t i = 0; i < QUEUED; i++) {
    struct queued_signal signal = {FIRST_REALTIME, 0, SI_QUEUE, 77, 88, 1000 + i, {0}};
    long process = CALL(getpid), result = CALL(rt_sigqueueinfo, process, FIRST_REALTIME, &signal);
    REQUIRE(result == 0, result);
  }
}

static void check_areas(void) {
  for (uint32_t i = 0; i < COUNT(stores); i++) {
    struct user_desc area = {.entry_number = 12 + i};
    REQUIRE(CALL(get_thread_area, &area) == 0, i);
    REQUIRE(area.base_addr == (uint32_t)stores[i] && area.limit == 15 + i && area.seg_32bit, area.base_addr);
  }
  uint16_t gs, fs;
  __asm__ volatile("mov %%gs, %0; mov %%fs, %1" : "=r"(gs), "=r"(fs));
  REQUIRE(gs == (13 << 3 | 3) && fs == (14 << 3 | 3), gs << 16 | fs);
  uint32_t word;
  __asm__ volatile("mov %%fs:0, %0" : "=r"(word));
  REQUIRE(gs_word() == stores[1][0] && word == stores[2][0], word);
}

static void check_signals(void) {
  for (int signal = 1; signal <= ACTIONS; signal++) {
    if (!is_set(signal)) continue;
    struct action expected = action_of(signal), action = {0};
    CALL(rt_sigaction, signal, NULL, &action, 8);
    expected.mask &= ~(1ull << 8 | 1ull << 18);
    REQUIRE(equal(&action, &expected, sizeof action), signal);
  }
  struct {
    void *address;
    int32_t flags;
    uint32_t size;
  } stack = {0};
  CALL(sigaltstack, NULL, &stack);
  REQUIRE(stack.address == alternate && stack.flags == 0 && stack.size == sizeof alternate, stack.size);
  uint64_t pending = 0, none = 0;
  CALL(rt_sigpending, &pending, 8);
  REQUIRE(pending == 1ull << (FIRST_REALTIME - 1), pending);
  REQUIRE(count == 0, count);
  CALL(rt_sigprocmask, 2, &none, NULL, 8);
  REQUIRE(count == QUEUED, count);
  for (int32_t i = 0; i < QUEUED; i++) REQUIRE(received[i] == 1000 + i && codes[i] == SI_QUEUE, received[i]);
}

/* The text of /proc/self/maps: the address space of a 32-bit program has no [vsyscall], nor room behind 0xffffe000. */
static char maps[2][8192];

static long read_maps(char *text) {
  long file = CALL(open, "/proc/self/maps", 0, 0), length = 0, got;
  while ((got = CALL(read, file, text + length, sizeof maps[0] - (size_t)length)) > 0) length += got;
  CALL(close, file);
  REQUIRE(got == 0 && length < (long)sizeof maps[0], got);
  return length;
}

static void check_address_space(long length) {
  REQUIRE(read_maps(maps[1]) == length && equal(maps[0], maps[1], (size_t)length), length);
  long last = CALL(mmap2, 0xffffe000, 4096, 3, 0x32, -1, 0);
  REQUIRE(last == -ENOMEM, last);
}

void run_state(void) {
  for (uint32_t i = 0; i < COUNT(stores); i++) REQUIRE(set_area(12 + i, stores[i], 15 + i) == 0, i);
  load_gs(13);
  __asm__ volatile("mov %w0, %%fs" : : "r"(14 << 3 | 3));
  CALL(set_robust_list, &robust, sizeof robust);
  for (int signal = 1; signal <= ACTIONS; signal++) {
    struct action action = action_of(signal);
    if (is_set(signal)) REQUIRE(CALL(rt_sigaction, signal, &action, NULL, 8) == 0, signal);
  }
  struct {
    void *address;
    int32_t flags;
    uint32_t size;
  } stack = {alternate, 0, sizeof alternate};
  REQUIRE(CALL(sigaltstack, &stack, NULL) == 0, 0);
  queue_signals();
  long flags = CALL(fcntl, 1, 3, 0), end = CALL(brk, 0), thread = current_thread(); /* F_GETFL */
  long length = read_maps(maps[0]);
  report("ready");
  wait_for_verdict();

  check_address_space(length);
  check_areas();
  check_signals();
  void *head = NULL;
  uint32_t size = 0;
  CALL(get_robust_list, 0, &head, &size);
  REQUIRE(head == &robust && size == sizeof robust, head);
  REQUIRE(CALL(fcntl, 1, 3, 0) == flags, CALL(fcntl, 1, 3, 0));
  REQUIRE(CALL(brk, 0) == end, CALL(brk, 0));
  REQUIRE(CALL(brk, end + 8192) == end + 8192, CALL(brk, 0));
  REQUIRE(vdso_call(__NR_gettid) == thread && current_thread() == thread, vdso_call(__NR_gettid));
  uint32_t fresh = (uint32_t)CALL(mmap2, NULL, 4096, 3, 0x22, -1, 0);
  REQUIRE(fresh < -4095u && fresh % 4096 == 0, fresh);
  *(volatile uint32_t *)fresh = 1;
}

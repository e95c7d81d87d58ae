/* The start of the program, its system calls, and the report. */
#include "program32.h"

__asm__(
  ".globl _start, system_call, clone_thread\n"
  "_start:\n"
  "  mov %esp, %eax\n"
  "  and $-16, %esp\n"
  "  sub $12, %esp\n"
  "  push %eax\n"
  "  call begin\n"
  "system_call:\n"
  "  push %ebp; push %edi; push %esi; push %ebx\n"
  "  mov 20(%esp), %eax\n"
  "  mov 24(%esp), %ebx\n"
  "  mov 28(%esp), %ecx\n"
  "  mov 32(%esp), %edx\n"
  "  mov 36(%esp), %esi\n"
  "  mov 40(%esp), %edi\n"
  "  mov 44(%esp), %ebp\n"
  "  int $0x80\n"
  "  pop %ebx; pop %esi; pop %edi; pop %ebp\n"
  "  ret\n"
  /* clone_thread(flags, stack, tid, area, tid): the new thread calls what lies on its stack. */
  "clone_thread:\n"
  "  push %edi; push %esi; push %ebx\n"
  "  mov $120, %eax\n"
  "  mov 16(%esp), %ebx\n"
  "  mov 20(%esp), %ecx\n"
  "  mov 24(%esp), %edx\n"
  "  mov 28(%esp), %esi\n"
  "  mov 32(%esp), %edi\n"
  "  int $0x80\n"
  "  test %eax, %eax\n"
  "  jz 1f\n"
  "  pop %ebx; pop %esi; pop %edi\n"
  "  ret\n"
  "1: pop %eax\n"
  "  call *%eax\n");
long clone_thread(uint32_t flags, void *stack, volatile int32_t *alive, struct user_desc *area, volatile int32_t *end);

const char *directory;
char **environment;
static uint32_t *vector;

static size_t length(const char *text) {
  size_t count = 0;
  while (text[count]) count++;
  return count;
}

static char *append(char *end, const char *text) {
  for (size_t i = 0, count = length(text); i < count; i++) *end++ = text[i];
  *end = 0;
  return end;
}

static void path_of(char *path, const char *name) { append(append(append(path, directory), "/"), name); }

void report(const char *text) {
  char line[300];
  char *end = append(append(line, text), "\n");
  CALL(write, 1, line, end - line);
}

void fail(const char *what, long got) {
  char line[280], digits[12], *digit = digits + 11;
  unsigned long rest = got < 0 ? -(unsigned long)got : (unsigned long)got;
  *digit = 0;
  do *--digit = (char)('0' + rest % 10);
  while (rest /= 10);
  append(append(append(append(line, "FAIL: not "), what), got < 0 ? " -" : " "), digit);
  report(line);
  for (;;) CALL(exit_group, 1);
}

bool verdict_wanted(void) {
  char path[256];
  path_of(path, "verdict");
  return CALL(access, path, 0) == 0;
}

void nap(int32_t milliseconds) {
  struct time32 time = {milliseconds / 1000, milliseconds % 1000 * 1000000};
  long result = CALL(nanosleep, &time, NULL);
  REQUIRE(result == 0, result);
}

void wait_for_verdict(void) {
  while (!verdict_wanted()) nap(2);
}

int32_t now_ms(void) {
  struct time32 time;
  CALL(clock_gettime, 1, &time);
  return time.seconds * 1000 + time.nanoseconds / 1000000;
}

long current_thread(void) { return CALL(gettid); }

bool equal(const void *left, const void *right, size_t count) {
  const char *one = left, *other = right;
  for (size_t i = 0; i < count; i++)
    if (one[i] != other[i]) return false;
  return true;
}

uint32_t auxiliary(uint32_t type) {
  for (uint32_t *entry = vector; entry[0]; entry += 2)
    if (entry[0] == type) return entry[1];
  fail("an entry of the auxiliary vector", (long)type);
}

static struct user_desc described(uint32_t entry, const void *base, uint32_t limit) {
  return (struct user_desc){
    .entry_number = entry, .base_addr = (uint32_t)base, .limit = limit, .seg_32bit = 1, .useable = 1};
}

long set_area(uint32_t entry, const void *base, uint32_t limit) {
  struct user_desc area = described(entry, base, limit);
  return CALL(set_thread_area, &area);
}

void load_gs(uint32_t entry) { __asm__ volatile("mov %w0, %%gs" : : "r"(entry << 3 | 3)); }

uint32_t gs_word(void) {
  uint32_t word;
  __asm__ volatile("mov %%gs:0, %0" : "=r"(word));
  return word;
}

static void end_thread(void (*body)(uint32_t), uint32_t argument) {
  load_gs(12);
  body(argument);
  for (;;) CALL(exit, 0);
}

void start_thread(void (*body)(uint32_t), uint32_t argument, volatile int32_t *alive) {
  enum { SIZE = 65536, FLAGS = 0x3d0f00 }; /* VM FS FILES SIGHAND THREAD SYSVSEM SETTLS PARENT_SETTID CHILD_CLEARTID */
  uint32_t stack = (uint32_t)CALL(mmap2, NULL, SIZE, 3, 0x22, -1, 0);
  REQUIRE(stack < -4095u, stack);
  uint32_t *storage = (uint32_t *)stack, *top = (uint32_t *)(stack + SIZE - 64);
  storage[0] = argument;
  struct user_desc area = described(12, storage, 4095);
  /* What the new thread finds: what it calls, that function's return address once it was called, its arguments. */
  top[0] = (uint32_t)end_thread, top[1] = (uint32_t)body, top[2] = argument;
  *alive = 1;
  long tid = clone_thread(FLAGS, top, alive, &area, alive);
  REQUIRE(tid > 0, tid);
}

void join_thread(volatile int32_t *alive) {
  for (int32_t tid; (tid = *alive) != 0;) CALL(futex, alive, FUTEX_WAIT, tid, NULL);
}

static const struct {
  const char *name;
  void (*run)(void);
} workloads[] = {
  {"state", run_state}, {"handler", run_handler}, {"threads", run_threads},
  {"sleeps", run_sleeps}, {"timers", run_timers}, {"vdso", run_vdso}, {"tree", run_tree}};

__attribute__((noreturn, used)) static void begin(char **start) {
  uint32_t count = (uint32_t)start[0];
  char **arguments = start + 1, path[256];
  environment = arguments + count + 1;
  char **end = environment;
  while (*end++) continue;
  vector = (uint32_t *)end;
  if (count != 3) CALL(exit_group, 64);
  directory = arguments[2];
  path_of(path, "out");
  long output = CALL(open, path, 02101, 0666); /* O_WRONLY O_CREAT O_APPEND */
  if (output < 0 || (output != 1 && (CALL(dup2, output, 1) != 1 || CALL(close, output) != 0))) CALL(exit_group, 70);
  for (size_t i = 0; i < COUNT(workloads); i++) {
    const char *name = workloads[i].name;
    if (!equal(name, arguments[1], length(name) + 1)) continue;
    workloads[i].run();
    report("PASS");
    for (;;) CALL(exit_group, 0);
  }
  for (;;) CALL(exit_group, 64);
}

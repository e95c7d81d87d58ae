/* A checkpoint inside nested signal handlers, of both kinds of frame and on the alternate stack, that have interrupted a
 * loop in which every register has a known value. */
#include "program32.h"

static char alternate[16384];
static volatile uint32_t released, in_handler;
static uint32_t vectors[8][4] __attribute__((aligned(16)));
static uint32_t found[8][4] __attribute__((aligned(16)));
static const long double number = 1.0L / 3;

/* The frame without siginfo. */
static void inner(int signal) {
  REQUIRE(signal == SIGUSR1, signal);
  in_handler++;
  report("ready");
  wait_for_verdict();
}

static void outer(int signal, struct queued_signal *information, void *context) {
  (void)context;
  REQUIRE(signal == SIGALRM && information->number == SIGALRM, signal);
  REQUIRE((char *)&signal > alternate && (char *)&signal < alternate + sizeof alternate, &signal);
  long process = CALL(getpid);
  CALL(tgkill, process, current_thread(), SIGUSR1);
  REQUIRE(in_handler == 1, in_handler);
  released = 1;
}

void run_handler(void) {
  struct {
    void *address;
    int32_t flags;
    uint32_t size;
  } stack = {alternate, 0, sizeof alternate};
  CALL(sigaltstack, &stack, NULL);
  struct action first = {(void *)outer, SA_SIGINFO | SA_ONSTACK, NULL, 0}, second = {(void *)inner, 0, NULL, 0};
  CALL(rt_sigaction, SIGALRM, &first, NULL, 8);
  CALL(rt_sigaction, SIGUSR1, &second, NULL, 8);
  for (uint32_t i = 0; i < COUNT(vectors); i++)
    for (uint32_t j = 0; j < 4; j++) vectors[i][j] = (i * 4 + j + 1) * 0x9e3779b9u;
  int32_t timer[4] = {0, 0, 0, 50000};
  CALL(setitimer, 0, timer, NULL);
  uint32_t b, c, d, s, i;
  long double result;
  __asm__ volatile(
    "push %%ebp\n"
    "fldt number\n"
    "movaps vectors, %%xmm0; movaps vectors+16, %%xmm1; movaps vectors+32, %%xmm2; movaps vectors+48, %%xmm3\n"
    "movaps vectors+64, %%xmm4; movaps vectors+80, %%xmm5; movaps vectors+96, %%xmm6; movaps vectors+112, %%xmm7\n"
    "mov $0xb0b0b0b0, %%ebx; mov $0xc1c1c1c1, %%ecx; mov $0xd2d2d2d2, %%edx\n"
    "mov $0xe3e3e3e3, %%esi; mov $0xf4f4f4f4, %%edi; mov $0x05050505, %%ebp\n"
    "1: cmpl $0, released\n"
    "jz 1b\n"
    "movaps %%xmm0, found; movaps %%xmm1, found+16; movaps %%xmm2, found+32; movaps %%xmm3, found+48\n"
    "movaps %%xmm4, found+64; movaps %%xmm5, found+80; movaps %%xmm6, found+96; movaps %%xmm7, found+112\n"
    "cmp $0x05050505, %%ebp\n"
    "je 2f\n"
    "xor %%ebx, %%ebx\n"
    "2: pop %%ebp\n"
    : "=b"(b), "=c"(c), "=d"(d), "=S"(s), "=D"(i), "=t"(result)
    :
    : "eax", "memory", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7");
  REQUIRE(b == 0xb0b0b0b0 && c == 0xc1c1c1c1 && d == 0xd2d2d2d2 && s == 0xe3e3e3e3 && i == 0xf4f4f4f4, b);
  REQUIRE(equal(vectors, found, sizeof vectors), found[0][0]);
  REQUIRE(equal(&result, &number, 10), 0);
  REQUIRE(in_handler == 1, in_handler);
}

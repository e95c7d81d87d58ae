/* A 32-bit program without a C library: system calls by their numbers, threads, and what every workload here uses.
 *
 *   program32 NAME DIRECTORY
 *
 * It reports to DIRECTORY/out and waits for DIRECTORY/verdict as the 64-bit workloads do (Tests/Workloads/workload.h). */
#pragma once
#include <asm/ldt.h>
#include <asm/unistd.h>
#include <linux/futex.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

_Static_assert(sizeof(void *) == 4, "to be compiled with -m32");

#define COUNT(array) (sizeof(array) / sizeof(*(array)))
enum { SIGUSR1 = 10, SIGUSR2 = 12, SIGALRM = 14, SIGCHLD = 17, FIRST_REALTIME = 34 };
enum { SA_SIGINFO = 4, SA_RESTORER = 0x04000000, SA_ONSTACK = 0x08000000, SA_RESTART = 0x10000000, SA_NODEFER = 0x40000000 };
enum { EAGAIN = 11, ENOMEM = 12, ETIMEDOUT = 110 };

struct time32 {
  int32_t seconds, nanoseconds;
};
struct time64 {
  int64_t seconds, nanoseconds;
};

/* What rt_sigaction(2) takes here. */
struct action {
  void *handler;
  uint32_t flags;
  void *restorer;
  uint64_t mask;
} __attribute__((packed));

/* The first fields of a siginfo_t that sigqueue(3) has made. */
struct queued_signal {
  int32_t number, error, code, sender, user, value;
  uint8_t rest[104];
};

/* Gives what the kernel gives: a value or a negated errno. Unused arguments may be anything. */
long system_call(long number, ...);
#define CALL(name, ...) system_call(__NR_##name, ##__VA_ARGS__)

/* Runs `body(argument)` in a new thread with a thread area of its own, entry 12, whose first word is `argument`.
 * *alive becomes 0 when it has ended. */
void start_thread(void (*body)(uint32_t), uint32_t argument, volatile int32_t *alive);
void join_thread(volatile int32_t *alive);
/* Sets an entry of the table of thread areas; 0 or a negated errno. */
long set_area(uint32_t entry, const void *base, uint32_t limit);
/* Loads the segment register gs, so that it means an entry, and reads the first word there. */
void load_gs(uint32_t entry);
uint32_t gs_word(void);

void report(const char *text);
void fail(const char *what, long got) __attribute__((noreturn));
/* Ends the program with a report unless the condition holds. */
#define REQUIRE(condition, got)                                 \
  do {                                                          \
    if (!(condition)) fail(#condition ", which is", (long)(got)); \
  } while (0)

bool verdict_wanted(void);
/* Sleeps in steps of two milliseconds; an interrupted one is damage. */
void wait_for_verdict(void);
void nap(int32_t milliseconds);
/* CLOCK_MONOTONIC in milliseconds. */
int32_t now_ms(void);
long current_thread(void);
bool equal(const void *left, const void *right, size_t length);

/* A value of the auxiliary vector, and the directory of the command line. */
uint32_t auxiliary(uint32_t type);
extern const char *directory;
extern char **environment;

void run_state(void);
void run_handler(void);
void run_threads(void);
void run_sleeps(void);
void run_timers(void);
void run_vdso(void);
void run_tree(void);

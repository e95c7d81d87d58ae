/* What every workload uses: say "ready", wait for the verdict to be asked for, check, report.
 *
 *   workloads NAME DIRECTORY [ARGUMENTS]
 *
 * The report goes to DIRECTORY/out, by appending: "ready" when the state is set up, then one line "PASS", or lines
 * "FAIL: reason". The check is made when DIRECTORY/verdict exists. The exit status is 0 for PASS and 1 for FAIL. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct workload {
  const char *name;
  const char *summary;
  /* Sets up, reports ready, waits, checks; returning means that everything is right. */
  void (*run)(int argc, char **argv);
};

#define PAGE 4096UL
#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* The directory that the harness gave; an absolute path. */
extern const char *directory;

/* A path inside the directory; valid for the life of the task. */
char *inside(const char *name);

void report_ready(void);
/* One line to the report, in one write(2). */
void report(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Reports FAIL with a reason and ends the whole task. */
_Noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

#define REQUIRE(condition, ...)          \
  do {                                   \
    if (!(condition)) fail(__VA_ARGS__); \
  } while (0)

/* A call that sets the workload up, or checks it, and must not fail. */
long must(long result, const char *what);

bool verdict_wanted(void);
/* Sleeps in short steps until the verdict is wanted. A sleep that ends with EINTR is damage. */
void wait_for_verdict(void);
/* Sleeps a little; true unless a signal handler ran. */
bool nap(long microseconds);

/* A value that depends on every bit of the argument: what it should be can always be computed again. */
uint64_t mix(uint64_t value);
void fill(void *target, size_t bytes, uint64_t seed);
/* The offset of the first byte that is not as `fill` left it, or `bytes`. */
size_t first_difference(const void *target, size_t bytes, uint64_t seed);

uint64_t monotonic_ns(void);
/* The whole of a small file as a string that is never freed; fails when it cannot be read. */
char *read_text(const char *path, size_t *length);
/* Makes a file in the directory with `fill`ed content and returns it, opened with flags. */
int filled_file(const char *name, size_t bytes, uint64_t seed, int flags);
/* waitpid for one child, EINTR being damage; the status must be exit(0). */
void reap_clean(pid_t child, const char *what);

void run_threads(int, char **);
void run_dead_leader(int, char **);
void run_join(int, char **);
void run_robust(int, char **);
void run_restartable(int, char **);
void run_registers(int, char **);
void run_memory(int, char **);
void run_inherited(int, char **);
void run_mappings(int, char **);
void run_stack(int, char **);
void run_signals(int, char **);
void run_pending(int, char **);
void run_files(int, char **);
void run_devices(int, char **);
void run_locks(int, char **);
void run_pipes(int, char **);
void run_directories(int, char **);
void run_tree(int, char **);
void run_random_tree(int, char **);
void run_sessions(int, char **);
void run_ghosts(int, char **);
void run_zombies(int, char **);
void run_core_zombie(int, char **);
void run_deaths(int, char **);
void run_bereaved(int, char **);
void run_mourned(int, char **);
void run_churn(int, char **);
void run_sharing(int, char **);
void run_vfork(int, char **);
void run_stopped(int, char **);
void run_identity(int, char **);
void run_timers(int, char **);
void run_posix_timers(int, char **);
void run_rest(int, char **);
void run_continued(int, char **);
void run_sleeper(int, char **);
void run_credentials(int, char **);
void run_limits(int, char **);
void run_scheduling(int, char **);
void run_many_threads(int, char **);
void run_membarrier(int, char **);
void run_critical_section(int, char **);
void run_futexes(int, char **);
void run_names(int, char **);
void run_vdso(int, char **);
void run_guards(int, char **);
void run_mixed(int, char **);
void run_filters(int, char **);
void run_strict(int, char **);
void run_filters_together(int, char **);
void run_deadly_filter(int, char **);
void run_refused(int, char **);
void run_counter(int, char **);
void run_large(int, char **);
/* A kind of state that `refused` sets up. */
struct refused {
  const char *name;
  void (*set_up)(void);
};
extern const struct refused rare_kinds[];
extern const size_t rare_kind_count;
/* Prints the kinds that `refused` knows. */
void list_refused(void);
/* Runs a command, reaps all orphans meanwhile, and returns its exit status. */
int run_and_reap(char **command);
/* Becomes a user without privileges and runs a command; returns only when it cannot. */
int run_as(const char *user, char **command);
/* Lets a sleeping thread make a system call: TID NUMBER ARGUMENTS. */
int inject(int count, char **arguments);

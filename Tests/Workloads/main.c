/* One program for all kinds of state: the table of workloads and the command line. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "workload.h"

static const struct workload workloads[] = {
  {"threads", "eight threads taking turns at one checksum", run_threads},
  {"dead-leader", "a thread group whose leader has ended", run_dead_leader},
  {"join", "threads that end after the restart and are joined", run_join},
  {"robust", "robust mutexes whose owner dies after the restart", run_robust},
  {"restartable", "registered restartable sequences", run_restartable},
  {"critical-section", "counters of one processor, kept by critical sections of rseq(2)", run_critical_section},
  {"membarrier", "registrations for expedited memory barriers", run_membarrier},
  {"futexes", "waiters of every kind: bitset, requeue, priority inheritance, many at once", run_futexes},
  {"names", "names of threads and zombies that are not UTF-8", run_names},
  {"registers", "every general, x87 and vector register, in a busy loop", run_registers},
  {"vdso", "calls through the functions of the vDSO by their old addresses", run_vdso},
  {"memory", "heap, sparse, protected and advised memory", run_memory},
  {"inherited", "memory common since fork, and what is different since", run_inherited},
  {"guards", "guard regions in the middle of memory", run_guards},
  {"mappings", "private and shared file mappings, machine code", run_mappings},
  {"stack", "a deep stack, and stacks that grow", run_stack},
  {"signals", "all 64 actions, blocked signals, the alternate stack", run_signals},
  {"pending", "pending signals of threads and of the group, with payload, in order", run_pending},
  {"files", "offsets, flags, shared and separate descriptions", run_files},
  {"devices", "null, zero, full, urandom", run_devices},
  {"locks", "record locks, flock, open file description locks", run_locks},
  {"pipes", "content, capacity, closed ends, blocked readers and writers", run_pipes},
  {"directories", "working directory and umask", run_directories},
  {"tree", "[LEVELS TASKS] a tree of tasks that know each other", run_tree},
  {"random-tree", "[SEED TASKS] a tree with what the seed says: zombies, orphans, sessions, stopped tasks", run_random_tree},
  {"sessions", "sessions and process groups", run_sessions},
  {"ghosts", "sessions and groups whose leader is gone", run_ghosts},
  {"zombies", "[COUNT] zombies of every kind, waited for at the end", run_zombies},
  {"core-zombie", "a zombie with the core-dump flag", run_core_zombie},
  {"deaths", "400 zombies: every exit code, every signal that kills, the core flag", run_deaths},
  {"bereaved", "parents that wait for children, and one with a pending SIGCHLD", run_bereaved},
  {"mourned", "zombies that lead, that were orphans, whose parents ignore SIGCHLD", run_mourned},
  {"churn", "zombies that come and go all the time", run_churn},
  {"sharing", "processes that share memory, descriptors and more; exit signals", run_sharing},
  {"vfork", "[LASTING] a parent in vfork", run_vfork},
  {"stopped", "a task stopped by job control", run_stopped},
  {"identity", "auxiliary vector, arguments, environment, names, attributes", run_identity},
  {"timers", "interval timers with the time that was left", run_timers},
  {"posix-timers", "timers of timer_create(2): every target and clock, sparse ids, signals pending", run_posix_timers},
  {"sleeper", "threads asleep in every kind of call", run_sleeper},
  {"rest", "sleeps of every kind that last as long as they were told to", run_rest},
  {"continued", "children between SIGSTOP and SIGCONT, what wait(2) and signals tell of them", run_continued},
  {"credentials", "users, groups, capabilities", run_credentials},
  {"limits", "resource limits", run_limits},
  {"scheduling", "nice, policy, affinity, slack, of each thread", run_scheduling},
  {"filters", "seccomp filters of one thread and of several, in order", run_filters},
  {"strict", "the strict seccomp mode, with 'thread' of one thread alone", run_strict},
  {"filters-together", "seccomp filters that all threads share, and get more of", run_filters_together},
  {"deadly-filter", "a seccomp filter that ends the process at nearly every call", run_deadly_filter},
  {"many-threads", "[COUNT] sleeping threads", run_many_threads},
  {"mixed", "a tree with some of everything, which looks for drift", run_mixed},
  {"large", "[MIB] that much memory with random content", run_large},
  {"counter", "counts into a file that it holds open, with a checksum", run_counter},
  {"refused", "KIND: state that cannot be checkpointed", run_refused},
};

const char *directory;

int main(int argc, char **argv) {
  if (argc == 2 && !strcmp(argv[1], "--list")) {
    for (size_t i = 0; i < COUNT(workloads); i++) printf("%-14s %s\n", workloads[i].name, workloads[i].summary);
    return 0;
  }
  if (argc == 2 && !strcmp(argv[1], "--list-refused")) return list_refused(), 0;
  if (argc > 3 && !strcmp(argv[1], "--inject")) return inject(argc - 2, argv + 2);
  if (argc > 2 && !strcmp(argv[1], "--reap")) return run_and_reap(argv + 2);
  if (argc > 3 && !strcmp(argv[1], "--as")) return run_as(argv[2], argv + 3);
  if (argc < 3 || argv[2][0] != '/') {
    fprintf(stderr, "usage: workloads NAME DIRECTORY [ARGUMENTS], DIRECTORY an absolute path; workloads --list\n       workloads --list-refused\n       workloads --reap COMMAND\n       workloads --as UID COMMAND\n       workloads --inject TID CALL [ARGUMENTS]\n");
    return 64;
  }
  directory = argv[2];
  for (size_t i = 0; i < COUNT(workloads); i++) {
    if (strcmp(argv[1], workloads[i].name)) continue;
    int output = open(inside("out"), O_WRONLY | O_CREAT | O_APPEND, 0666);
    if (output < 0 || dup2(output, 1) < 0) return 70;
    if (output != 1) close(output);
    workloads[i].run(argc - 3, argv + 3);
    report("PASS");
    return 0;
  }
  fprintf(stderr, "workloads: no workload is called %s\n", argv[1]);
  return 64;
}

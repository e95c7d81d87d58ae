/* Damage from outside: lets a thread that sleeps in a system call make another one, and puts it back. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>
#include "workload.h"

static int stopped(pid_t tid) {
  int status = 0;
  return waitpid(tid, &status, __WALL) == tid && WIFSTOPPED(status);
}

/* An argument: a number, or "sp" for the top of the thread's stack. */
static unsigned long long argument(const char *text, const struct user_regs_struct *registers) {
  return strcmp(text, "sp") ? strtoull(text, NULL, 0) : registers->rsp;
}

int inject(int count, char **arguments) {
  pid_t tid = atoi(arguments[0]);
  struct user_regs_struct saved, call;
  if (ptrace(PTRACE_SEIZE, tid, 0, 0)) return perror("workloads: ptrace"), 71;
  for (;; ptrace(PTRACE_CONT, tid, 0, 0), nap(500)) {  // until it is in a call
    if (ptrace(PTRACE_INTERRUPT, tid, 0, 0) || !stopped(tid) || ptrace(PTRACE_GETREGS, tid, 0, &saved)) return 71;
    if ((ptrace(PTRACE_PEEKTEXT, tid, saved.rip - 2, 0) & 0xffff) == 0x050f) break;
  }
  call = saved;
  call.orig_rax = (unsigned long long)-1;
  call.rip -= 2;  // the instruction of the call that it sleeps in
  call.rax = strtoull(arguments[1], NULL, 0);
  unsigned long long *slots[] = {&call.rdi, &call.rsi, &call.rdx, &call.r10, &call.r8, &call.r9};
  for (size_t i = 0; i < COUNT(slots); i++)
    *slots[i] = (int)i + 2 < count ? argument(arguments[i + 2], &saved) : 0;
  if (!strcmp(arguments[1], "rseq")) {
    struct __ptrace_rseq_configuration rseq;
    if (ptrace(PTRACE_GET_RSEQ_CONFIGURATION, tid, sizeof rseq, &rseq) < 0) return 71;
    call.rax = SYS_rseq;
    call.rdi = rseq.rseq_abi_pointer;
    call.rsi = rseq.rseq_abi_size;
    call.rdx = 1;  // RSEQ_FLAG_UNREGISTER
    call.r10 = rseq.signature;
  }
  if (ptrace(PTRACE_SETREGS, tid, 0, &call) || ptrace(PTRACE_SINGLESTEP, tid, 0, 0)) return 71;
  if (!stopped(tid)) return 0;  // the call was its end
  struct user_regs_struct after;
  if (ptrace(PTRACE_GETREGS, tid, 0, &after) || ptrace(PTRACE_SETREGS, tid, 0, &saved)) return 71;
  if (ptrace(PTRACE_DETACH, tid, 0, 0)) return 71;
  if ((long long)after.rax >= 0) return 0;
  fprintf(stderr, "workloads: the injected call gives %s\n", strerror((int)-after.rax));
  return 1;
}

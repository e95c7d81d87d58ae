#include "restart.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

pid_t crtop_clone_waiting_child(pid_t pid) {
  struct clone_args arguments;
  memset(&arguments, 0, sizeof arguments);
  arguments.flags = CLONE_CLEAR_SIGHAND;
  arguments.exit_signal = SIGCHLD;
  if (pid != 0) {
    arguments.set_tid = (uint64_t)(uintptr_t)&pid;
    arguments.set_tid_size = 1;
  }
  pid_t parent = getpid();
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  long child = syscall(SYS_clone3, &arguments, sizeof arguments);
  if (child == 0) {
    syscall(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    if (syscall(SYS_getppid) != parent) syscall(SYS_exit_group, 1);
    for (;;) syscall(SYS_pause);
  }
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return (pid_t)child;
}

pid_t crtop_spawn_namespace_init(char *const arguments[], bool own_session, int report, int output) {
  struct clone_args clone;
  memset(&clone, 0, sizeof clone);
  clone.flags = CLONE_NEWPID | CLONE_NEWNS;
  clone.exit_signal = SIGCHLD;
  long child = syscall(SYS_clone3, &clone, sizeof clone);
  if (child != 0) return (pid_t)child;
  if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
      mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) == 0 &&
      (own_session ? setsid() : setpgid(0, 0)) != -1 && fcntl(report, F_SETFD, 0) == 0 &&
      (output < 0 || (dup2(output, STDOUT_FILENO) >= 0 && dup2(output, STDERR_FILENO) >= 0)))
    execve("/proc/self/exe", arguments, environ);
  int error = errno;
  if (write(report, &error, sizeof error) < 0) _exit(2);
  _exit(1);
}

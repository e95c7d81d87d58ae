/* Children between SIGSTOP and SIGCONT: continued, and the parent told of it, or not yet; with SIGCONT or a stop signal pending
 * that they block; and the SIGCHLD of all this, pending once. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "workload.h"

static bool is_pending(int signal) {
  sigset_t set;
  must(sigpending(&set), "sigpending");
  return sigismember(&set, signal) == 1;
}

/* A child that blocks a signal and has it pending; it takes it in the end. */
static pid_t start(int signal) {
  pid_t child = (pid_t)must(fork(), "fork");
  if (child) return child;
  sigset_t set;
  sigemptyset(&set);
  if (signal) {
    sigaddset(&set, signal);
    sigprocmask(SIG_BLOCK, &set, NULL);
    raise(signal);
  }
  char *checked = inside("checked");
  while (access(checked, F_OK)) REQUIRE(nap(2000), "nanosleep: %s", strerror(errno));
  siginfo_t information;
  if (signal) {
    struct timespec none = {0, 0};
    REQUIRE(is_pending(signal), "signal %d is not pending any more", signal);
    REQUIRE(sigtimedwait(&set, &information, &none) == signal, "signal %d cannot be taken", signal);
    REQUIRE((information.si_code == SI_TKILL || information.si_code == SI_USER) && information.si_pid == getpid(), "it was sent by %d", information.si_pid);
  }
  for (int other = 1; other < 65; other++) REQUIRE(!is_pending(other), "signal %d is pending", other);
  _exit(0);
}

static void stop(pid_t child) {
  int status;
  must(kill(child, SIGSTOP), "SIGSTOP");
  must(waitpid(child, &status, WUNTRACED), "waitpid");
  REQUIRE(WIFSTOPPED(status), "the child has status %#x", (unsigned)status);
}
/* Waits for the SIGCHLD that tells this of a child. */
static void take(const sigset_t *set, pid_t child, int code) {
  siginfo_t information;
  REQUIRE(sigwaitinfo(set, &information) == SIGCHLD, "sigwaitinfo: %s", strerror(errno));
  REQUIRE(information.si_pid == child && information.si_code == code, "SIGCHLD tells %d of task %d", information.si_code,
          information.si_pid);
}

/* What wait(2) has to report of a child, and reports it: CLD_CONTINUED, CLD_STOPPED, or 0. */
static int reported(pid_t child) {
  siginfo_t information = {0};
  must(waitid(P_PID, (id_t)child, &information, WCONTINUED | WSTOPPED | WNOHANG), "waitid");
  return information.si_pid == child ? information.si_code : 0;
}

void run_continued(int argc, char **argv) {
  (void)argc, (void)argv;
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGCHLD);
  sigprocmask(SIG_BLOCK, &set, NULL);
  pid_t told = start(0), untold = start(0), with_continue = start(SIGCONT), with_stop = start(SIGTSTP);
  nap(50000);
  stop(told);
  take(&set, told, CLD_STOPPED);
  must(kill(told, SIGCONT), "SIGCONT");
  take(&set, told, CLD_CONTINUED);
  int status;
  must(waitpid(told, &status, WCONTINUED), "waitpid");
  REQUIRE(WIFCONTINUED(status), "the child has status %#x", (unsigned)status);
  stop(untold);
  take(&set, untold, CLD_STOPPED);
  must(kill(untold, SIGCONT), "SIGCONT");
  while (!is_pending(SIGCHLD)) nap(1000);
  report_ready();
  wait_for_verdict();
  REQUIRE(reported(told) == 0, "what was reported is reported again");
  REQUIRE(reported(untold) == CLD_CONTINUED, "the continued child is not reported");
  REQUIRE(reported(untold) == 0, "the continued child is reported twice");
  REQUIRE(reported(with_continue) == 0 && reported(with_stop) == 0, "a child is reported that never stopped");
  REQUIRE(is_pending(SIGCHLD), "SIGCHLD is not pending any more");
  take(&set, untold, CLD_CONTINUED);
  REQUIRE(!is_pending(SIGCHLD), "SIGCHLD is pending twice");
  close((int)must(creat(inside("checked"), 0600), "checked"));
  reap_clean(told, "the child that was told of");
  reap_clean(untold, "the child that was not told of");
  reap_clean(with_continue, "the child with SIGCONT pending");
  reap_clean(with_stop, "the child with SIGTSTP pending");
}

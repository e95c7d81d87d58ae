/* Runs a command and reaps, at once, every orphan that is left behind below it. Restarted jobs belong to init, and an init
 * that reaps late, or never as in some containers, leaves their pids taken. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include "workload.h"

int run_and_reap(char **command) {
  if (prctl(PR_SET_CHILD_SUBREAPER, 1)) perror("workloads: PR_SET_CHILD_SUBREAPER");
  pid_t child = fork();
  if (child == 0) {
    execvp(command[0], command);
    perror(command[0]);
    _exit(127);
  }
  signal(SIGINT, SIG_IGN);  // the command gets it too, and decides
  for (int status = 0;;) {
    pid_t ended = wait(&status);
    if (ended == -1 && errno != EINTR) return 70;
    if (ended == child) return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
}

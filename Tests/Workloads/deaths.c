/* Every way to die, and what parents know of it: zombies by each exit code and signal, with and without the core flag;
 * parents that wait, parents that have been told, parents that do not want to know; a job that makes zombies all the time. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "workload.h"

enum { EXIT_CODES = 256, ZOMBIES = 400 };

struct death {
  pid_t pid;
  int code, signal; /* signal 0: by exit(2) */
  bool core;        /* with a core dump, where this machine makes one */
  int seen_code, seen_status; /* as waitid(2) has told them */
};

static struct death deaths[ZOMBIES];

static bool kills(int signal) {
  static const int harmless[] = {SIGCHLD, SIGCONT, SIGURG, SIGWINCH, SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU};
  for (size_t i = 0; i < COUNT(harmless); i++)
    if (harmless[i] == signal) return false;
  return true;
}

static bool dumps_core(int signal) {
  static const int dumping[] = {SIGQUIT, SIGILL,  SIGTRAP, SIGABRT, SIGBUS,
                                SIGFPE,  SIGSEGV, SIGXCPU, SIGXFSZ, SIGSYS};
  for (size_t i = 0; i < COUNT(dumping); i++)
    if (dumping[i] == signal) return true;
  return false;
}

static void die_by(const struct death *death) {
  struct rlimit core = {death->core ? 1 << 20 : 0, death->core ? 1 << 20 : 0};
  must(setrlimit(RLIMIT_CORE, &core), "setrlimit");
  if (death->core) must(chdir(inside("cores")), "chdir");
  if (death->signal == 0) _exit(death->code);
  /* Whoever started us may have ignored or blocked it. Not by the C library, which keeps signals 32 and 33 for itself. */
  static const uint64_t nothing[4];
  syscall(SYS_rt_sigprocmask, SIG_SETMASK, nothing, NULL, 8);
  syscall(SYS_rt_sigaction, death->signal, nothing, NULL, 8);
  syscall(SYS_kill, getpid(), death->signal);
  for (;;) pause();
}

static siginfo_t status_of(pid_t pid, int options) {
  siginfo_t information;
  memset(&information, 0, sizeof information);
  while (waitid(P_PID, (id_t)pid, &information, WEXITED | WNOWAIT | options) == -1)
    REQUIRE(errno == EINTR, "waitid: %s", strerror(errno));
  return information;
}

void run_deaths(int argc, char **argv) {
  (void)argc, (void)argv;
  int count = 0;
  must(mkdir(inside("cores"), 0777), "mkdir");
  for (int code = 0; code < EXIT_CODES; code++) deaths[count++].code = code;
  for (int signal = 1; signal <= 64; signal++) {
    if (!kills(signal)) continue;
    deaths[count++].signal = signal;
    if (dumps_core(signal)) deaths[count++] = (struct death){.signal = signal, .core = true};
  }
  while (count < ZOMBIES) deaths[count] = (struct death){.code = count & 255}, count++;
  for (int i = 0; i < count; i++) {
    deaths[i].pid = (pid_t)must(fork(), "fork");
    if (deaths[i].pid == 0) die_by(&deaths[i]);
    siginfo_t information = status_of(deaths[i].pid, 0);
    deaths[i].seen_code = information.si_code;
    deaths[i].seen_status = information.si_status;
    REQUIRE(information.si_status == (deaths[i].signal ? deaths[i].signal : deaths[i].code), "death %d", i);
  }
  report_ready();
  wait_for_verdict();
  for (int i = 0; i < count; i++) {
    struct death *then = &deaths[i];
    siginfo_t now = status_of(then->pid, WNOHANG);
    REQUIRE(now.si_pid == then->pid, "zombie %d is not there", then->pid);
    REQUIRE(now.si_uid == getuid(), "zombie %d is of user %u", then->pid, now.si_uid);
    REQUIRE(now.si_code == then->seen_code && now.si_status == then->seen_status,
            "zombie %d (exit %d, signal %d): si_code %d and si_status %d, not %d and %d", then->pid, then->code,
            then->signal, now.si_code, now.si_status, then->seen_code, then->seen_status);
    int status = -1, expected = then->signal | (then->seen_code == CLD_DUMPED ? 0x80 : 0) | then->code << 8;
    REQUIRE(waitpid(then->pid, &status, WNOHANG) == then->pid, "zombie %d cannot be waited for", then->pid);
    REQUIRE(status == expected, "zombie %d gives status %#x, not %#x", then->pid, (unsigned)status, (unsigned)expected);
  }
  REQUIRE(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD, "there is a child too many");
}

/* Parents that must not be woken, and one that has a notification it has not taken yet. */

static atomic_bool may_return;
static pid_t awaited, grouped;
static siginfo_t notice;

static void *wait_for_one(void *unused) {
  siginfo_t information = status_of(awaited, 0);
  REQUIRE(atomic_load(&may_return), "waitid has returned for %d", information.si_pid);
  return unused;
}
static void *wait_for_group(void *unused) {
  int status = 0;
  pid_t got = (pid_t)must(waitpid(-grouped, &status, 0), "waitpid");
  REQUIRE(atomic_load(&may_return) && got == grouped, "waitpid has returned %d", got);
  return unused;
}
static void *wait_for_notice(void *unused) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGCHLD);
  while (sigwaitinfo(&set, &notice) == -1) REQUIRE(errno == EINTR, "sigwaitinfo: %s", strerror(errno));
  /* The one who was told ends at the verdict, perhaps before we are told of that. */
  REQUIRE(atomic_load(&may_return) || verdict_wanted(), "SIGCHLD of %d has come", notice.si_pid);
  return unused;
}

static pid_t start_sleeper(bool own_group) {
  pid_t child = (pid_t)must(fork(), "fork");
  if (child) {
    if (own_group) must(setpgid(child, child), "setpgid");
    return child;
  }
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  for (;;) pause();
}

static pid_t start_zombie(int code) {
  pid_t child = (pid_t)must(fork(), "fork");
  if (child == 0) _exit(code);
  status_of(child, 0);
  return child;
}

static bool is_pending(int signal) {
  sigset_t pending;
  sigpending(&pending);
  return sigismember(&pending, signal);
}

/* Its SIGCHLD is pending: it was told of a death and has not looked. */
static void be_told(int ready) {
  pid_t zombie = start_zombie(77);
  while (!is_pending(SIGCHLD)) nap(500);
  REQUIRE(write(ready, "x", 1) == 1, "write");
  close(ready);
  wait_for_verdict();
  REQUIRE(is_pending(SIGCHLD), "the pending SIGCHLD is gone");
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGCHLD);
  siginfo_t information;
  struct timespec now = {0, 0};
  must(sigtimedwait(&set, &information, &now), "sigtimedwait");
  REQUIRE(information.si_pid == zombie && information.si_code == CLD_EXITED && information.si_status == 77,
          "SIGCHLD says si_pid %d, si_code %d, si_status %d", information.si_pid, information.si_code,
          information.si_status);
  REQUIRE(!is_pending(SIGCHLD), "a second SIGCHLD");
  int status = 0;
  must(waitpid(zombie, &status, WNOHANG), "waitpid");
  REQUIRE(status == 77 << 8, "status %#x", (unsigned)status);
  while (access(inside("waited"), F_OK)) nap(1000); /* not to disturb those that wait by ending */
  _exit(0);
}

void run_bereaved(int argc, char **argv) {
  (void)argc, (void)argv;
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGCHLD);
  sigprocmask(SIG_BLOCK, &set, NULL);
  int ready[2];
  char byte;
  must(pipe(ready), "pipe");
  pid_t told = (pid_t)must(fork(), "fork");
  if (told == 0) be_told(ready[1]);
  REQUIRE(read(ready[0], &byte, 1) == 1, "read");
  close(ready[0]);
  close(ready[1]);
  awaited = start_sleeper(false);
  grouped = start_sleeper(true);
  pid_t zombie = start_zombie(9);
  struct timespec now = {0, 0};
  while (sigtimedwait(&set, NULL, &now) == SIGCHLD) {} /* that of the zombie has been taken */
  REQUIRE(!is_pending(SIGCHLD), "SIGCHLD is pending");
  static void *(*const waits[])(void *) = {wait_for_one, wait_for_group, wait_for_notice};
  pthread_t threads[COUNT(waits)];
  for (size_t i = 0; i < COUNT(waits); i++) pthread_create(&threads[i], NULL, waits[i], NULL);
  nap(10000);
  report_ready();
  wait_for_verdict();
  atomic_store(&may_return, true);
  must(kill(awaited, SIGTERM), "kill");
  pthread_join(threads[0], NULL);
  must(kill(grouped, SIGKILL), "kill");
  for (size_t i = 1; i < COUNT(waits); i++) pthread_join(threads[i], NULL);
  REQUIRE(notice.si_pid == awaited || notice.si_pid == grouped, "SIGCHLD of %d", notice.si_pid);
  close(filled_file("waited", 1, 0, O_RDONLY));
  int status = 0;
  must(waitpid(zombie, &status, WNOHANG), "waitpid");
  REQUIRE(status == 9 << 8, "the zombie gives %#x", (unsigned)status);
  must(waitpid(awaited, &status, 0), "waitpid");
  REQUIRE(status == SIGTERM, "the awaited child gives %#x", (unsigned)status);
  reap_clean(told, "the child with the pending SIGCHLD");
}

/* Zombies in places where they matter: leaders with living members, orphans, children of parents that do not care. */

static int settled[2];

static void settle(void) {
  pid_t self[3] = {getppid(), getpgrp(), getsid(0)};
  pid_t pid = getpid();
  REQUIRE(write(settled[1], &pid, sizeof pid) == sizeof pid, "write");
  wait_for_verdict();
  pid_t now[3] = {getppid(), getpgrp(), getsid(0)};
  for (int i = 0; i < 3; i++) REQUIRE(now[i] == self[i], "relation %d of %d is %d, not %d", i, pid, now[i], self[i]);
  _exit(0);
}

/* A leader that ends and is not reaped; its member belongs to the subreaper. Gives the member. */
static pid_t lose_leader(bool session, pid_t *leader) {
  pid_t reaper = getpid();
  *leader = (pid_t)must(fork(), "fork");
  if (*leader == 0) {
    if (session) setsid();
    else setpgid(0, 0);
    if (fork() == 0) {
      while (getppid() != reaper) nap(500);
      settle();
    }
    _exit(session ? 31 : 32);
  }
  status_of(*leader, 0);
  pid_t member = 0;
  REQUIRE(read(settled[0], &member, sizeof member) == sizeof member, "read");
  return member;
}

static void ignore_children(int how) {
  pid_t zombie = start_zombie(40 + how);
  struct sigaction action = {.sa_handler = how ? SIG_DFL : SIG_IGN, .sa_flags = how ? SA_NOCLDWAIT : 0};
  must(sigaction(SIGCHLD, &action, NULL), "sigaction");
  int status = 0;
  pid_t pid = getpid();
  REQUIRE(write(settled[1], &pid, sizeof pid) == sizeof pid, "write");
  wait_for_verdict();
  REQUIRE(waitpid(zombie, &status, WNOHANG) == zombie && status == (40 + how) << 8, "status %#x", (unsigned)status);
  _exit(0);
}

void run_mourned(int argc, char **argv) {
  (void)argc, (void)argv;
  must(pipe(settled), "pipe");
  must(prctl(PR_SET_CHILD_SUBREAPER, 1), "PR_SET_CHILD_SUBREAPER");
  pid_t leaders[2], members[2], careless[2], pid;
  for (int i = 0; i < 2; i++) members[i] = lose_leader(i == 0, &leaders[i]);
  /* A zombie's zombie: handed over to us with its parent's end. */
  int grandchildren[2];
  must(pipe(grandchildren), "pipe");
  pid_t parent = (pid_t)must(fork(), "fork"), orphan = 0;
  if (parent == 0) {
    pid = start_zombie(51);
    REQUIRE(write(grandchildren[1], &pid, sizeof pid) == sizeof pid, "write");
    _exit(50);
  }
  REQUIRE(read(grandchildren[0], &orphan, sizeof orphan) == sizeof orphan, "read");
  status_of(parent, 0);
  for (int i = 0; i < 2; i++) {
    careless[i] = (pid_t)must(fork(), "fork");
    if (careless[i] == 0) ignore_children(i);
    REQUIRE(read(settled[0], &pid, sizeof pid) == sizeof pid, "read");
  }
  report_ready();
  wait_for_verdict();
  const struct {
    pid_t pid;
    int code;
  } zombies[] = {{leaders[0], 31}, {leaders[1], 32}, {parent, 50}, {orphan, 51}};
  for (size_t i = 0; i < COUNT(zombies); i++) {
    int status = -1;
    REQUIRE(waitpid(zombies[i].pid, &status, WNOHANG) == zombies[i].pid, "zombie %d is not there", zombies[i].pid);
    REQUIRE(status == zombies[i].code << 8, "zombie %d gives %#x", zombies[i].pid, (unsigned)status);
  }
  for (int i = 0; i < 2; i++) reap_clean(members[i], "member"), reap_clean(careless[i], "careless parent");
}

/* Zombies that come and go without a pause, many or few at a time. None may be lost, none may be a stranger. */
void run_churn(int argc, char **argv) {
  (void)argc, (void)argv;
  pid_t pids[8] = {0};
  unsigned made[8] = {0}, count = 0;
  while (count < 64 || !verdict_wanted()) {
    unsigned place = (unsigned)(mix(count) % COUNT(pids));
    if (pids[place]) {
      int status = -1;
      must(waitpid(pids[place], &status, 0), "waitpid");
      REQUIRE(status == (int)(mix(made[place]) & 255) << 8, "child %d gives %#x", pids[place], (unsigned)status);
    }
    pids[place] = (pid_t)must(fork(), "fork");
    if (pids[place] == 0) {
      if (count % 3 == 0) usleep(200);
      _exit((int)(mix(count) & 255));
    }
    made[place] = count++;
    if (count == 64) report_ready();
  }
  for (size_t i = 0; i < COUNT(pids); i++) {
    int status = -1;
    if (!pids[i]) continue;
    must(waitpid(pids[i], &status, 0), "waitpid");
    REQUIRE(status == (int)(mix(made[i]) & 255) << 8, "child %d gives %#x", pids[i], (unsigned)status);
  }
  REQUIRE(waitpid(-1, NULL, 0) == -1 && errno == ECHILD, "there is a child too many");
}

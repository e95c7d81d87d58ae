/* Threads asleep in every kind of call. None may ever see EINTR, return too early, or sleep on for ever. */
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/file.h>
#include <sys/msg.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "workload.h"

enum { TIMEOUT_MS = 250 };

static atomic_bool ending;
static atomic_int word;
static int quiet[2];  // a pipe in which nothing comes until the end
static pid_t lasting_child;
static int semaphores, queue, pi_word;

static struct timespec timeout(void) { return (struct timespec){0, TIMEOUT_MS * 1000000}; }

/* Each of these sleeps TIMEOUT_MS and gives what the call gave. */
static long by_nanosleep(void) {
  struct timespec time = timeout();
  return syscall(SYS_nanosleep, &time, NULL);
}
static long by_relative_clock(void) {
  struct timespec time = timeout();
  return syscall(SYS_clock_nanosleep, CLOCK_BOOTTIME, 0, &time, NULL);
}
static long by_absolute_clock(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  time.tv_nsec += TIMEOUT_MS * 1000000;
  if (time.tv_nsec >= 1000000000) time.tv_nsec -= 1000000000, time.tv_sec++;
  return syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL);
}
static long by_poll(void) { return syscall(SYS_poll, &(struct pollfd){.fd = -1}, 1, TIMEOUT_MS); }
static long by_ppoll(void) {
  struct timespec time = timeout();
  return syscall(SYS_ppoll, NULL, 0, &time, NULL, 8);
}
static long by_select(void) {
  struct timeval time = {0, TIMEOUT_MS * 1000};
  return syscall(SYS_select, 0, NULL, NULL, NULL, &time);
}
static long by_pselect(void) {
  struct timespec time = timeout();
  return syscall(SYS_pselect6, 0, NULL, NULL, NULL, &time, NULL);
}
static long by_futex(void) {
  struct timespec time = timeout();
  int own = 0;
  long result = syscall(SYS_futex, &own, FUTEX_WAIT_PRIVATE, 0, &time, NULL, 0);
  return result == -1 && errno == ETIMEDOUT ? 0 : -1;
}
static long by_signal_wait(void) {
  struct timespec time = timeout();
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR2);
  long result = syscall(SYS_rt_sigtimedwait, &set, NULL, &time, 8);
  return result == -1 && errno == EAGAIN ? 0 : -1;
}

/* The kernel cannot write back what is left. */
static long by_constant_ppoll(void) {
  static const struct timespec time = {0, TIMEOUT_MS * 1000000};
  return syscall(SYS_ppoll, NULL, 0, &time, NULL, 8);
}
static long by_semaphore(void) {
  struct timespec time = timeout();
  struct sembuf down = {.sem_num = 1, .sem_op = -1};
  long result = syscall(SYS_semtimedop, semaphores, &down, 1, &time);
  return result == -1 && errno == EAGAIN ? 0 : -1;
}

static const struct {
  const char *name;
  long (*sleep)(void);
} timed[] = {{"nanosleep", by_nanosleep}, {"clock_nanosleep", by_relative_clock},
             {"clock_nanosleep until", by_absolute_clock}, {"poll", by_poll}, {"ppoll", by_ppoll},
             {"select", by_select}, {"pselect", by_pselect}, {"futex", by_futex}, {"sigtimedwait", by_signal_wait},
             {"semtimedop", by_semaphore},
             {"ppoll, constant", by_constant_ppoll}};

static void *sleep_again_and_again(void *argument) {
  uintptr_t i = (uintptr_t)argument;
  while (!atomic_load(&ending)) {
    uint64_t start = monotonic_ns();
    errno = 0;
    long result = timed[i].sleep();
    REQUIRE(result == 0, "%s gave %ld (%s)", timed[i].name, result, strerror(errno));
    uint64_t passed = (monotonic_ns() - start) / 1000;
    REQUIRE(passed >= TIMEOUT_MS * 1000 - 2000, "%s slept only %lu us", timed[i].name, passed);
  }
  return NULL;
}

static void *read_for_ever(void *argument) {
  (void)argument;
  char byte;
  ssize_t got = read(quiet[0], &byte, 1);
  REQUIRE(got == 0, "read gave %zd (%s)", got, strerror(errno));
  return NULL;
}
static void *poll_for_ever(void *argument) {
  (void)argument;
  struct pollfd end = {.fd = quiet[0], .events = POLLIN};
  int got = poll(&end, 1, -1);
  REQUIRE(got == 1, "poll without end gave %d (%s)", got, strerror(errno));
  return NULL;
}
static void *select_for_ever(void *argument) {
  (void)argument;
  fd_set set;
  FD_ZERO(&set);
  FD_SET(quiet[0], &set);
  int got = select(quiet[0] + 1, &set, NULL, NULL, NULL);
  REQUIRE(got == 1, "select without end gave %d (%s)", got, strerror(errno));
  return NULL;
}
static void *futex_for_ever(void *argument) {
  (void)argument;
  long got = syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
  REQUIRE(got == 0 || errno == EAGAIN, "futex gave %ld (%s)", got, strerror(errno));
  REQUIRE(atomic_load(&word) == 1, "futex woke by itself");
  return NULL;
}
static void *wait_for_ever(void *argument) {
  (void)argument;
  int status = 0;
  pid_t got = waitpid(lasting_child, &status, 0);
  REQUIRE(got == lasting_child && status == SIGKILL, "waitpid gave %d (%s), status %#x", got, strerror(errno),
          (unsigned)status);
  return NULL;
}
static void *flock_for_ever(void *argument) {
  (void)argument;
  int file = (int)must(open(inside("flock"), O_RDWR), "flock file");
  REQUIRE(flock(file, LOCK_EX) == 0, "flock gave %s", strerror(errno));
  close(file);
  return NULL;
}
static struct flock whole_file(void) { return (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET}; }
static void *lock_for_ever(void *argument) {
  (void)argument;
  int file = (int)must(open(inside("lock"), O_RDWR), "lock file");
  struct flock lock = whole_file();
  REQUIRE(fcntl(file, F_SETLKW, &lock) == 0, "F_SETLKW gave %s", strerror(errno));
  return NULL;
}
static void *pi_for_ever(void *argument) {
  (void)argument;
  REQUIRE(syscall(SYS_futex, &pi_word, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0) == 0, "FUTEX_LOCK_PI gave %s",
          strerror(errno));
  must(syscall(SYS_futex, &pi_word, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0), "FUTEX_UNLOCK_PI");
  return NULL;
}
static void *receive_for_ever(void *argument) {
  (void)argument;
  struct { long type; char text[8]; } message;
  ssize_t got = msgrcv(queue, &message, sizeof message.text, 0, 0);
  REQUIRE(got == 3 && message.type == 7, "msgrcv gave %zd (%s)", got, strerror(errno));
  return NULL;
}
static void *semaphore_for_ever(void *argument) {
  (void)argument;
  struct sembuf down = {.sem_num = 0, .sem_op = -1};
  REQUIRE(semop(semaphores, &down, 1) == 0, "semop gave %s", strerror(errno));
  return NULL;
}
static void *child_for_ever(void *argument) {
  (void)argument;
  siginfo_t information;
  REQUIRE(waitid(P_PID, (id_t)lasting_child, &information, WEXITED | WNOWAIT) == 0 || errno == ECHILD, "waitid gave %s", strerror(errno));
  return NULL;
}

void run_sleeper(int argc, char **argv) {
  (void)argc, (void)argv;
  static void *(*const endless[])(void *) = {read_for_ever, poll_for_ever, select_for_ever, futex_for_ever,
                                             wait_for_ever, flock_for_ever, lock_for_ever, pi_for_ever,
                                             receive_for_ever, semaphore_for_ever, child_for_ever};
  sigset_t blocked;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGUSR2);
  sigprocmask(SIG_BLOCK, &blocked, NULL);
  must(pipe2(quiet, O_CLOEXEC), "pipe2");
  queue = (int)must(msgget(IPC_PRIVATE, 0600), "msgget");
  semaphores = (int)must(semget(IPC_PRIVATE, 2, 0600), "semget");
  pi_word = (int)syscall(SYS_gettid);
  int held[2];
  must(pipe2(held, O_CLOEXEC), "pipe2");
  lasting_child = (pid_t)must(fork(), "fork");
  if (lasting_child == 0) {
    close(quiet[1]);
    struct flock lock = whole_file();
    must(flock((int)must(open(inside("flock"), O_RDWR | O_CREAT, 0600), "flock file"), LOCK_EX), "flock");
    must(fcntl((int)must(open(inside("lock"), O_RDWR | O_CREAT, 0600), "lock file"), F_SETLK, &lock), "F_SETLK");
    close(held[0]);
    close(held[1]);
    pause();
    fail("pause has returned: %s", strerror(errno));
  }
  close(held[1]);
  REQUIRE(read(held[0], &(char){0}, 1) == 0, "read");
  close(held[0]);
  pthread_t threads[COUNT(timed) + COUNT(endless)];
  for (uintptr_t i = 0; i < COUNT(timed); i++)
    pthread_create(&threads[i], NULL, sleep_again_and_again, (void *)i);
  for (size_t i = 0; i < COUNT(endless); i++) pthread_create(&threads[COUNT(timed) + i], NULL, endless[i], NULL);
  nap(20000);
  report_ready();
  wait_for_verdict();
  atomic_store(&ending, true);
  atomic_store(&word, 1);
  syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
  close(quiet[1]);
  must(syscall(SYS_futex, &pi_word, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0), "FUTEX_UNLOCK_PI");
  must(msgsnd(queue, &(struct { long type; char text[3]; }){7, "abc"}, 3, 0), "msgsnd");
  must(semop(semaphores, &(struct sembuf){.sem_num = 0, .sem_op = 1}, 1), "semop");
  must(kill(lasting_child, SIGKILL), "kill");
  for (size_t i = 0; i < COUNT(threads); i++) pthread_join(threads[i], NULL);
  msgctl(queue, IPC_RMID, NULL);
  semctl(semaphores, 0, IPC_RMID);
}

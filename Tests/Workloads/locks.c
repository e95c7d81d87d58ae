/* Locks on files, probed by a child that does not hold them. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>
#include "workload.h"

static struct flock range(short type, off_t start, off_t length) {
  return (struct flock){.l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = length};
}

/* What stands in the way of a write lock: the first lock found, F_UNLCK if none. */
static void probe(int file, int command, off_t start, off_t length, short type, pid_t holder, const char *what) {
  struct flock lock = range(F_WRLCK, start, length);
  must(fcntl(file, command, &lock), what);
  REQUIRE(lock.l_type == type, "%s: [%ld, +%ld) has lock type %d, not %d", what, (long)start, (long)length,
          lock.l_type, type);
  REQUIRE(type == F_UNLCK || lock.l_pid == holder, "%s: held by %d, not %d", what, lock.l_pid, holder);
}

static void probe_all(pid_t parent, pid_t sibling) {
  int records = (int)must(open(inside("records"), O_RDWR), "open");
  probe(records, F_GETLK, 10, 10, F_WRLCK, parent, "write lock");
  probe(records, F_GETLK, 0, 10, F_UNLCK, 0, "before the write lock");
  probe(records, F_GETLK, 20, 10, F_UNLCK, 0, "after the write lock");
  probe(records, F_GETLK, 30, 1, F_RDLCK, parent, "read lock");
  probe(records, F_GETLK, 1 << 20, 1, F_RDLCK, parent, "read lock to the end");
  struct flock shared = range(F_RDLCK, 30, 100);
  must(fcntl(records, F_GETLK, &shared), "F_GETLK");
  REQUIRE(shared.l_type == F_UNLCK, "the read lock keeps readers out");
  int theirs = (int)must(open(inside("sibling"), O_RDWR), "open");
  probe(theirs, F_GETLK, 0, 5, F_WRLCK, sibling, "sibling's lock");

  static const char *whole[] = {"exclusive", "shared"};
  for (int i = 0; i < 2; i++) {
    int file = (int)must(open(inside(whole[i]), O_RDWR), "open");
    REQUIRE(flock(file, LOCK_EX | LOCK_NB) == -1 && errno == EWOULDBLOCK, "flock %s is not held", whole[i]);
    int result = flock(file, LOCK_SH | LOCK_NB);
    REQUIRE(result == (i ? 0 : -1), "flock %s has the wrong type", whole[i]);
  }
  int description = (int)must(open(inside("description"), O_RDWR), "open");
  probe(description, F_OFD_GETLK, 100, 50, F_WRLCK, -1, "description lock");
  probe(description, F_OFD_GETLK, 0, 100, F_UNLCK, -1, "before the description lock");
  probe(description, F_OFD_GETLK, 150, 0, F_UNLCK, -1, "after the description lock");
  _exit(0);
}

static void hold_as_sibling(int ready) {
  int file = (int)must(open(inside("sibling"), O_RDWR), "open");
  struct flock lock = range(F_WRLCK, 0, 5);
  must(fcntl(file, F_SETLK, &lock), "F_SETLK");
  REQUIRE(write(ready, "x", 1) == 1, "write");
  close(ready);
  wait_for_verdict();
  while (access(inside("probed"), F_OK)) nap(2000);
  _exit(0);
}

void run_locks(int argc, char **argv) {
  (void)argc, (void)argv;
  int records = filled_file("records", 200, 31, O_RDWR);
  int exclusive = filled_file("exclusive", 10, 32, O_RDWR), shared = filled_file("shared", 10, 33, O_RDWR);
  int description = filled_file("description", 200, 34, O_RDWR);
  close(filled_file("sibling", 10, 35, O_RDWR));
  struct flock write_lock = range(F_WRLCK, 10, 10), read_lock = range(F_RDLCK, 30, 0), ofd = range(F_WRLCK, 100, 50);
  must(fcntl(records, F_SETLK, &write_lock), "F_SETLK");
  must(fcntl(records, F_SETLK, &read_lock), "F_SETLK");
  must(flock(exclusive, LOCK_EX), "flock");
  must(flock(shared, LOCK_SH), "flock");
  must(fcntl(description, F_OFD_SETLK, &ofd), "F_OFD_SETLK");
  int ready[2];
  must(pipe(ready), "pipe");
  pid_t sibling = (pid_t)must(fork(), "fork");
  if (sibling == 0) hold_as_sibling(ready[1]);
  char byte;
  REQUIRE(read(ready[0], &byte, 1) == 1, "the sibling is silent");
  close(ready[0]);
  close(ready[1]);
  report_ready();
  wait_for_verdict();
  pid_t self = getpid(), prober = (pid_t)must(fork(), "fork");
  if (prober == 0) {
    // flock and description locks came along with the descriptors: without them the probe is a stranger's.
    close(exclusive);
    close(shared);
    close(description);
    probe_all(self, sibling);
  }
  reap_clean(prober, "the probe");
  close(filled_file("probed", 1, 0, O_RDONLY));
  reap_clean(sibling, "the sibling");
}

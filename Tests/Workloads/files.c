/* Open files: offsets, flags, which descriptors share a description, close-on-exec, directories, devices. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "workload.h"

/* The numbers and targets of all open descriptors, as text. */
static char *descriptor_table(void) {
  char *text = calloc(1, 1 << 16), *end = text;
  DIR *stream = opendir("/proc/self/fd");
  REQUIRE(text && stream, "/proc/self/fd");
  for (struct dirent *entry; (entry = readdir(stream));) {
    char path[300], target[4000] = "";
    int number = atoi(entry->d_name);
    if (entry->d_name[0] == '.' || number == dirfd(stream)) continue;
    snprintf(path, sizeof path, "/proc/self/fd/%d", number);
    must(readlink(path, target, sizeof target - 1), path);
    if (strncmp(target, "pipe:", 5) == 0) strcpy(target, "pipe");  // its number need not stay
    end += sprintf(end, "%d %s %d\n", number, target, fcntl(number, F_GETFD));
  }
  closedir(stream);
  return text;
}

static off_t position(int file) { return must(lseek(file, 0, SEEK_CUR), "lseek"); }

static void check_content(int file, off_t at, uint64_t seed) {
  char byte;
  uint64_t word = mix(seed ^ (uint64_t)(at & ~7));
  REQUIRE(pread(file, &byte, 1, at) == 1, "pread");
  REQUIRE(byte == ((char *)&word)[at & 7], "the byte at %ld is wrong", (long)at);
}

static const struct {
  int flags;
  off_t offset;
} kinds[] = {
  {O_RDONLY, 1}, {O_WRONLY, 4097}, {O_RDWR, 50000}, {O_RDWR | O_APPEND, 0}, {O_RDONLY | O_NONBLOCK, 77},
  {O_RDWR | O_SYNC, 12345}, {O_WRONLY | O_DSYNC | O_APPEND, 9}, {O_RDONLY | O_NOATIME, 100000}, {O_RDWR, 1 << 20},
};

/* A child that shares two descriptions with its parent moves one when told and reports where the other one is. */
static void child_shares(int ours, int theirs, int ask, int answer) {
  char byte;
  REQUIRE(read(ask, &byte, 1) == 1, "the parent does not ask");
  off_t where = position(theirs);
  must(lseek(ours, 31337, SEEK_SET), "lseek");
  REQUIRE(write(answer, &where, sizeof where) == sizeof where, "write");
  _exit(0);
}

void run_files(int argc, char **argv) {
  (void)argc, (void)argv;
  int files[COUNT(kinds)], flags[COUNT(kinds)];
  close(filled_file("data", 1 << 17, 21, O_RDONLY));
  for (size_t i = 0; i < COUNT(kinds); i++) {
    files[i] = (int)must(open(inside("data"), kinds[i].flags), "open");
    must(lseek(files[i], kinds[i].offset, SEEK_SET), "lseek");
    flags[i] = (int)must(fcntl(files[i], F_GETFL), "F_GETFL");
  }
  int twin = (int)must(dup(files[2]), "dup");
  int far = (int)must(dup3(files[2], 200, O_CLOEXEC), "dup3");
  int append = filled_file("log", 300, 22, O_WRONLY | O_APPEND);
  int closing = filled_file("closing", 10, 23, O_RDWR | O_CLOEXEC);
  must(lseek(closing, 5, SEEK_SET), "lseek");

  mkdir(inside("names"), 0755);
  for (int i = 0; i < 300; i++) {
    char name[40];
    snprintf(name, sizeof name, "names/entry-%d", i);
    close((int)must(open(inside(name), O_CREAT | O_WRONLY, 0600), name));
  }
  int names = (int)must(open(inside("names"), O_RDONLY | O_DIRECTORY), "open");
  char block[2000];
  must(getdents64(names, block, sizeof block), "getdents64");
  off_t cookie = position(names);

  int ask[2], answer[2];
  int own = filled_file("shared-a", 100, 24, O_RDWR), other = filled_file("shared-b", 100, 25, O_RDWR);
  must(pipe(ask), "pipe");
  must(pipe(answer), "pipe");
  pid_t child = fork();
  if (child == 0) child_shares(own, other, ask[0], answer[1]);
  char *table = descriptor_table();
  report_ready();
  wait_for_verdict();

  char *now = descriptor_table();
  REQUIRE(!strcmp(table, now), "descriptors differ: was\n%s is\n%s", table, now);
  for (size_t i = 0; i < COUNT(kinds); i++) {
    REQUIRE(position(files[i]) == kinds[i].offset, "file %zu is at %ld, not %ld", i, (long)position(files[i]),
            (long)kinds[i].offset);
    int flags_now = (int)must(fcntl(files[i], F_GETFL), "F_GETFL");
    REQUIRE(flags_now == flags[i], "file %zu has flags %#o, not %#o", i, flags_now, flags[i]);
  }
  check_content(files[0], 70001, 21);
  must(lseek(twin, 777, SEEK_SET), "lseek");
  REQUIRE(position(files[2]) == 777 && position(far) == 777, "duplicated descriptors no longer share their offset");
  REQUIRE(position(files[8]) == 1 << 20, "descriptors of one file share an offset and did not before");
  REQUIRE(fcntl(far, F_GETFD) == FD_CLOEXEC && fcntl(twin, F_GETFD) == 0, "close-on-exec is lost");
  REQUIRE(write(append, "end", 3) == 3 && position(append) == 303, "O_APPEND does not append");
  REQUIRE(position(closing) == 5 && fcntl(closing, F_GETFD) == FD_CLOEXEC, "the close-on-exec file is wrong");
  REQUIRE(position(names) == cookie, "the directory is at %ld, not %ld", (long)position(names), (long)cookie);

  must(lseek(other, 4242, SEEK_SET), "lseek");
  off_t seen = 0;
  REQUIRE(write(ask[1], "?", 1) == 1 && read(answer[0], &seen, sizeof seen) == sizeof seen, "the child is silent");
  REQUIRE(seen == 4242, "the child sees the shared offset at %ld", (long)seen);
  REQUIRE(position(own) == 31337, "the child's move is not seen: %ld", (long)position(own));
  reap_clean(child, "the sharing child");
}

void run_devices(int argc, char **argv) {
  (void)argc, (void)argv;
  char block[64] = "", zeros[64] = "";
  int null = (int)must(open("/dev/null", O_RDWR), "null");
  int zero = (int)must(open("/dev/zero", O_RDONLY), "zero");
  int full = (int)must(open("/dev/full", O_WRONLY | O_APPEND), "full");
  int random = (int)must(open("/dev/urandom", O_RDONLY | O_CLOEXEC), "urandom");
  int flags[] = {fcntl(null, F_GETFL), fcntl(zero, F_GETFL), fcntl(full, F_GETFL), fcntl(random, F_GETFL)};
  char *table = descriptor_table();
  report_ready();
  wait_for_verdict();
  REQUIRE(!strcmp(table, descriptor_table()), "descriptors differ");
  REQUIRE(flags[0] == fcntl(null, F_GETFL) && flags[1] == fcntl(zero, F_GETFL) && flags[2] == fcntl(full, F_GETFL) &&
            flags[3] == fcntl(random, F_GETFL),
          "flags differ");
  REQUIRE(write(null, block, 64) == 64 && read(null, block, 64) == 0, "null");
  memset(block, 1, 64);
  REQUIRE(read(zero, block, 64) == 64 && !memcmp(block, zeros, 64), "zero");
  REQUIRE(write(full, block, 64) == -1 && errno == ENOSPC, "full");
  REQUIRE(read(random, block, 64) == 64 && memcmp(block, zeros, 64), "urandom");
}

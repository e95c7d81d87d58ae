/* Working directory and umask, different in parent and child. */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "workload.h"

static void settle(const char *where, mode_t mask) {
  umask(022);
  mkdir(inside(where), 0755);
  must(chdir(inside(where)), where);
  umask(mask);
}

static void check(const char *where, mode_t mask) {
  char path[4096];
  struct stat here, there;
  REQUIRE(getcwd(path, sizeof path) && !strcmp(path, inside(where)), "the working directory is %s", path);
  must(stat(".", &here), "stat");
  must(stat(inside(where), &there), "stat");
  REQUIRE(here.st_ino == there.st_ino && here.st_dev == there.st_dev, "the working directory is another one");
  close((int)must(open("made-here", O_CREAT | O_WRONLY | O_EXCL, 0777), "open"));
  must(stat("made-here", &here), "stat");
  REQUIRE((here.st_mode & 0777) == (0777 & ~mask), "a new file has mode %o", here.st_mode & 0777);
  REQUIRE(umask(0) == mask, "the umask is wrong");
  must(stat("/proc/self/root/.", &here), "stat");
  must(stat("/", &there), "stat");
  REQUIRE(here.st_ino == there.st_ino, "the root directory is another one");
}

void run_directories(int argc, char **argv) {
  (void)argc, (void)argv;
  settle("parent", 0157);
  pid_t child = (pid_t)must(fork(), "fork");
  if (child == 0) settle("child of parent", 027);
  if (child == 0) {
    close(filled_file("child-is-ready", 1, 0, O_RDONLY));
    wait_for_verdict();
    check("child of parent", 027);
    _exit(0);
  }
  while (access(inside("child-is-ready"), F_OK)) nap(1000);
  report_ready();
  wait_for_verdict();
  check("parent", 0157);
  reap_clean(child, "the child");
}

/* Thin shims for what Swift cannot import: variadic calls, calls without a C library wrapper, macros, and code that
 * must not run Swift (between fork and exec). No policy here. Every function returns -1 and sets errno on failure. */
#pragma once
#include "injection_x86_64.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/ioctl.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <linux/kcmp.h>
#include <linux/sched.h>
#include <termios.h>
#include <poll.h>
#include <signal.h>
#include <fcntl.h>
#include <unistd.h>
#include <dirent.h>
#include <pwd.h>
#include <sched.h>
#include <time.h>
#include <errno.h>

/* syscall(2) with a fixed number of arguments. */
long crtop_syscall(long number, long a, long b, long c, long d, long e, long f);

int crtop_openat(int directory, const char *path, int flags, mode_t mode);
int crtop_fcntl(int descriptor, int command, long argument);
int crtop_fcntl_pointer(int descriptor, int command, void *argument);
int crtop_ioctl(int descriptor, unsigned long request, void *argument);

/* ptrace(2); address and data are as the request wants them. */
long crtop_ptrace(long request, pid_t tid, unsigned long address, unsigned long data);

bool crtop_wifexited(int status);
bool crtop_wifsignaled(int status);
bool crtop_wifstopped(int status);
int crtop_wexitstatus(int status);
int crtop_wtermsig(int status);
int crtop_wstopsig(int status);
bool crtop_wcoredump(int status);
unsigned crtop_major(dev_t device);
unsigned crtop_minor(dev_t device);

/* Faults (SIGSEGV and the like) first give this terminal back in the modes it has now. To be called before they change. */
int crtop_restore_terminal_after_fault(int descriptor);
int crtop_window_size(int descriptor, int *rows, int *columns);

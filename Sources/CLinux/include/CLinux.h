/* Thin shims for what Swift cannot import: variadic calls, calls without a C library wrapper, macros, and code that
 * must not run Swift (between fork and exec). No policy here. Every function returns -1 and sets errno on failure. */
#pragma once
#include "compat.h"
#include "injection_x86_64.h"
#include "restart.h"
#include "kernel_memory.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/ioctl.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <asm/prctl.h>
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

/* A child that has taken these ids, given up its capabilities as far as it could, and ended. Others of that user may look at
 * it. It waits for waitpid(2). Returns its pid, or -1 with errno. */
pid_t crtop_create_zombie(uid_t user, gid_t group);

bool crtop_wifexited(int status);
bool crtop_wifsignaled(int status);
bool crtop_wifstopped(int status);
int crtop_wexitstatus(int status);
int crtop_wtermsig(int status);
int crtop_wstopsig(int status);
bool crtop_wcoredump(int status);
unsigned crtop_major(dev_t device);
unsigned crtop_minor(dev_t device);

/* PAGEMAP_SCAN (linux/fs.h of 6.7), which older headers do not have. */
struct page_region {
  uint64_t start, end, categories;
};
struct pm_scan_arg {
  uint64_t size, flags, start, end, walk_end, vec, vec_len, max_pages;
  uint64_t category_inverted, category_mask, category_anyof_mask, return_mask;
};
/* O_PATH and AT_EMPTY_PATH, which need _GNU_SOURCE where this is imported. */
enum { CRTOP_O_PATH = 010000000, CRTOP_AT_EMPTY_PATH = 0x1000 };
enum { CRTOP_PAGE_IS_PRESENT = 1 << 3, CRTOP_PAGE_IS_SWAPPED = 1 << 4 };
unsigned long crtop_pagemap_scan_request(void);

/* Whether `length` bytes, a multiple of 64, are all zero. */
bool crtop_is_zero(const void *bytes, size_t length);

/* Faults (SIGSEGV and the like) first give this terminal back in the modes it has now. To be called before they change. */
int crtop_restore_terminal_after_fault(int descriptor);
int crtop_window_size(int descriptor, int *rows, int *columns);

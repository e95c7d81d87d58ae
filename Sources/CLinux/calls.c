#include "CLinux.h"

#include <linux/capability.h>

long crtop_syscall(long number, long a, long b, long c, long d, long e, long f) {
  return syscall(number, a, b, c, d, e, f);
}

int crtop_openat(int directory, const char *path, int flags, mode_t mode) {
  return openat(directory, path, flags, mode);
}

int crtop_fcntl(int descriptor, int command, long argument) { return fcntl(descriptor, command, argument); }

int crtop_fcntl_pointer(int descriptor, int command, void *argument) { return fcntl(descriptor, command, argument); }

int crtop_ioctl(int descriptor, unsigned long request, void *argument) { return ioctl(descriptor, request, argument); }

long crtop_ptrace(long request, pid_t tid, unsigned long address, unsigned long data) {
  return ptrace((enum __ptrace_request)request, tid, (void *)address, (void *)data);
}

pid_t crtop_create_zombie(uid_t user, gid_t group) {
  int dumpable = prctl(PR_GET_DUMPABLE);
  pid_t child = vfork();
  if (child != 0) {
    /* It has been our memory, which new ids make undumpable; with 2 of suid_dumpable it may not be set again. */
    prctl(PR_SET_DUMPABLE, dumpable == 1);
    return child;
  }
  /* Not by the library's functions, which would change all threads of the parent. */
  struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
  struct __user_cap_data_struct none[2] = {0};
  syscall(SYS_setresgid, group, group, group);
  syscall(SYS_setresuid, user, user, user);
  syscall(SYS_capset, &header, none);
  syscall(SYS_prctl, PR_SET_DUMPABLE, 1);
  _exit(0);
}

bool crtop_wifexited(int status) { return WIFEXITED(status); }
bool crtop_wifsignaled(int status) { return WIFSIGNALED(status); }
bool crtop_wifstopped(int status) { return WIFSTOPPED(status); }
int crtop_wexitstatus(int status) { return WEXITSTATUS(status); }
int crtop_wtermsig(int status) { return WTERMSIG(status); }
int crtop_wstopsig(int status) { return WSTOPSIG(status); }
bool crtop_wcoredump(int status) { return WCOREDUMP(status); }
unsigned crtop_major(dev_t device) { return major(device); }
unsigned crtop_minor(dev_t device) { return minor(device); }

unsigned long crtop_pagemap_scan_request(void) { return _IOWR('f', 16, struct pm_scan_arg); }

bool crtop_is_zero(const void *bytes, size_t length) {
  const uint64_t *word = bytes;
  for (size_t index = 0; index < length / 8; index += 8) {
    uint64_t any = 0;
    for (size_t lane = 0; lane < 8; lane++) any |= word[index + lane];
    if (any) return false;
  }
  return true;
}

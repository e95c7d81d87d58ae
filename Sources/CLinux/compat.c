#include "compat.h"

#include <asm/prctl.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { COMPAT_GETPID = 20, COMPAT_OPEN = 5 };

/* Arguments are 32 bits wide; the result is a value or a negated errno. */
static long compat_call(long number, long a, long b, long c) {
#if defined(__x86_64__)
  __asm__ volatile("int $0x80" : "+a"(number) : "b"(a), "c"(b), "d"(c) : "memory", "r8", "r9", "r10", "r11");
  return number;
#else
  return -ENOSYS;
#endif
}

/* In a child that shares no memory with the caller: there one vDSO may take the other's place, and a kernel without 32-bit
 * calls may send SIGSEGV. Nothing here may call the C library's functions for time. */
static _Noreturn void show_vdso32(char *shared, size_t capacity, char *vdso, size_t length, size_t data_length) {
  syscall(SYS_prctl, PR_SET_DUMPABLE, 0, 0, 0, 0);
  struct sigaction standard = {.sa_handler = SIG_DFL};
  sigaction(SIGSEGV, &standard, NULL);
  long size = -1;
  if (compat_call(COMPAT_GETPID, 0, 0, 0) == syscall(SYS_getpid) && munmap(vdso, length) == 0)
    size = syscall(SYS_arch_prctl, ARCH_MAP_VDSO_32, vdso);
  if (size > 0 && (size_t)size <= capacity) memcpy(shared, vdso + data_length, (size_t)size);
  syscall(SYS_exit_group, size > 0 && (size_t)size <= capacity ? size / 4096 : 0);
  __builtin_unreachable();
}

ssize_t crtop_read_vdso32(void *bytes, size_t capacity, void *vdso, size_t length, size_t data_length) {
  char *shared = mmap(NULL, capacity, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) return -1;
  long child = syscall(SYS_clone, 0, 0, 0, 0, 0); /* no signal tells the caller of its end */
  if (child == 0) show_vdso32(shared, capacity, vdso, length, data_length);
  int status = 0;
  bool ended = false;
  while (child > 0 && !(ended = waitpid((pid_t)child, &status, __WALL) == child) && errno == EINTR) continue;
  ssize_t size = ended && WIFEXITED(status) ? WEXITSTATUS(status) * 4096 : 0;
  memcpy(bytes, shared, (size_t)size);
  munmap(shared, capacity);
  errno = ENOSYS;
  return size > 0 ? size : -1;
}

int crtop_open_compat(const char *path, int flags) {
  size_t length = strlen(path) + 1;
  char *low = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
  if (low == MAP_FAILED) return -1;
  memcpy(low, path, length);
  long result = compat_call(COMPAT_OPEN, (long)low, flags, 0);
  munmap(low, length);
  if (result >= 0) return (int)result;
  errno = (int)-result;
  return -1;
}

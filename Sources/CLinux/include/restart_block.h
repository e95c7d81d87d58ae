/* What the kernel remembers of a call that a stop has interrupted (include/linux/restart_block.h). Only a BPF program that
 * runs over the task can read it. */
#pragma once
#include <stdint.h>
#include <sys/types.h>

/* struct restart_block, whose layout has been the same since Linux 4.4, and the name of its function. */
struct crtop_restart_block {
  uint64_t architecture, function;
  union {
    struct {
      uint64_t address;
      uint32_t value, flags, bitset, padding;
      uint64_t time; /* CLOCK_MONOTONIC in nanoseconds */
    } futex;
    struct {
      int32_t clock, type;
      uint64_t rest;
      uint64_t expires; /* on that clock, in nanoseconds */
    } nanosleep;
    struct {
      uint64_t descriptors;
      int32_t count, has_timeout;
      int64_t seconds, nanoseconds; /* CLOCK_MONOTONIC */
    } poll;
    uint64_t words[5];
  };
  char name[64];
};

/* Loads the program. Returns its descriptor, or -1 with errno: EPERM without CAP_BPF and CAP_PERFMON, ENOENT or EINVAL on
 * a kernel without type information (BTF). */
int crtop_restart_block_program(void);

/* Reads the block of a thread, which should be stopped. Returns 0, or -1 with errno. Linux 6.1. */
int crtop_read_restart_block(int program, pid_t tid, struct crtop_restart_block *block);

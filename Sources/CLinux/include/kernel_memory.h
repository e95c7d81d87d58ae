/* What the kernel remembers of a task and shows nobody, read by BPF programs. All of it needs CAP_BPF and CAP_PERFMON, and a
 * kernel that describes its structures (/sys/kernel/btf/vmlinux). */
#pragma once
#include <stdint.h>
#include <sys/types.h>

/* Members of the kernel's structures that crtop reads. */
enum crtop_kernel_member {
  CRTOP_TASK_RESTART_BLOCK,
  CRTOP_TASK_STACK,
  CRTOP_TASK_THREAD,
  CRTOP_TASK_SWITCHES, /* nvcsw, followed by nivcsw */
  CRTOP_TASK_SEMAPHORES, /* a pointer alone: struct sysv_sem */
  CRTOP_TASK_SIGNAL,
  CRTOP_THREAD_STACK_POINTER,
  CRTOP_SLEEPER_TASK, /* behind the timer, which is the first member of hrtimer_sleeper */
  CRTOP_TIMER_END,
  CRTOP_TIMER_STATE,
  CRTOP_UNDO_LIST_FIRST,
  CRTOP_UNDO_NEXT,
  CRTOP_UNDO_SET,
  CRTOP_UNDO_VALUES,
  CRTOP_SIGNAL_TIMERS,
  CRTOP_POSIX_TIMER_NEXT,
  CRTOP_POSIX_TIMER_ID,
  CRTOP_POSIX_TIMER_OVERRUN,
  CRTOP_KERNEL_MEMBERS,
};

/* Where they are on the running kernel. */
struct crtop_kernel_layout {
  uint32_t iterator;                    /* id of the function that programs running over tasks are attached to */
  int32_t offset[CRTOP_KERNEL_MEMBERS]; /* in bytes; -1: there is no such member */
};

/* Returns 0, or -1 with errno: ENOENT or EINVAL on a kernel without type information. */
int crtop_read_kernel_layout(struct crtop_kernel_layout *layout);

/* A task: its address, its struct restart_block (include/linux/restart_block.h; its layout has been the same since Linux
 * 4.4), and the name of the block's function. */
struct crtop_kernel_task {
  uint64_t address;
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

/* Loads the program that gives a task. Returns its descriptor, or -1 with errno: EPERM without the privileges. */
int crtop_task_program(const struct crtop_kernel_layout *layout);
/* Reads a task, which should be stopped. Returns 0, or -1 with errno. Linux 6.1. */
int crtop_read_task(int program, pid_t tid, struct crtop_kernel_task *task);

/* Makes the map in which the second program puts what it has read, and loads that program. Return a descriptor, or -1 with
 * errno. */
int crtop_memory_map(void);
int crtop_memory_program(int map);
enum { CRTOP_KERNEL_READ = 16384 };
/* Reads up to CRTOP_KERNEL_READ bytes of the kernel's memory; all of `bytes` is written. One at a time for each map.
 * Returns 0, or -1 with errno: EFAULT where there is no memory. */
int crtop_read_kernel_memory(int program, int map, uint64_t address, uint32_t count, char bytes[CRTOP_KERNEL_READ]);

#include "kernel_memory.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/btf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { BLOCK = 56, LARGEST = CRTOP_KERNEL_READ, NAMES = CRTOP_KERNEL_MEMBERS + 2 }; /* sizeof(struct restart_block); one read's bytes */

static const struct {
  const char *structure, *member;
} members[CRTOP_KERNEL_MEMBERS] = {
  [CRTOP_TASK_RESTART_BLOCK] = {"task_struct", "restart_block"},
  [CRTOP_TASK_STACK] = {"task_struct", "stack"},
  [CRTOP_TASK_THREAD] = {"task_struct", "thread"},
  [CRTOP_TASK_SWITCHES] = {"task_struct", "nvcsw"},
  [CRTOP_TASK_SEMAPHORES] = {"task_struct", "sysvsem"},
  [CRTOP_TASK_SIGNAL] = {"task_struct", "signal"},
  [CRTOP_THREAD_STACK_POINTER] = {"thread_struct", "sp"},
  [CRTOP_SLEEPER_TASK] = {"hrtimer_sleeper", "task"},
  [CRTOP_TIMER_END] = {"hrtimer", "_softexpires"},
  [CRTOP_TIMER_STATE] = {"hrtimer", "state"},
  [CRTOP_UNDO_LIST_FIRST] = {"sem_undo_list", "list_proc"},
  [CRTOP_UNDO_NEXT] = {"sem_undo", "list_proc"},
  [CRTOP_UNDO_SET] = {"sem_undo", "semid"},
  [CRTOP_UNDO_VALUES] = {"sem_undo", "semadj"},
  [CRTOP_SIGNAL_TIMERS] = {"signal_struct", "posix_timers"},
  [CRTOP_POSIX_TIMER_NEXT] = {"k_itimer", "list"},
  [CRTOP_POSIX_TIMER_ID] = {"k_itimer", "it_id"},
  [CRTOP_POSIX_TIMER_OVERRUN] = {"k_itimer", "it_overrun"},
};

/* The kernel's description of itself (Documentation/bpf/btf.rst). */
struct kernel_types {
  const char *types, *types_end, *strings, *strings_end;
  uint64_t wanted[NAMES]; /* how the names begin that are looked for */
};

static bool is_name(const struct kernel_types *kernel, uint32_t offset, const char *name) {
  size_t size = strlen(name) + 1;
  return offset < (size_t)(kernel->strings_end - kernel->strings)
         && size <= (size_t)(kernel->strings_end - kernel->strings) - offset
         && memcmp(kernel->strings + offset, name, size) == 0;
}

/* Bytes that follow a type. */
static size_t tail_size(uint32_t kind, uint32_t members) {
  switch (kind) {
  case BTF_KIND_INT:
  case BTF_KIND_VAR: return 4;
  case BTF_KIND_ARRAY: return sizeof(struct btf_array);
  case BTF_KIND_ENUM: return members * sizeof(struct btf_enum);
  case BTF_KIND_FUNC_PROTO: return members * sizeof(struct btf_param);
  case BTF_KIND_STRUCT:
  case BTF_KIND_UNION: return members * sizeof(struct btf_member);
  case BTF_KIND_DATASEC: return members * sizeof(struct btf_var_secinfo);
  case 17: return 4;             /* BTF_KIND_DECL_TAG */
  case 19: return members * 12u; /* BTF_KIND_ENUM64 */
  default: return 0;
  }
}

/* There are some ten thousand structures: what the first bytes of a name tell is told fast. */
static uint64_t beginning(const char *name) {
  uint64_t bytes = 0;
  memcpy(&bytes, name, strnlen(name, sizeof bytes));
  return bytes;
}
static bool may_be_wanted(const struct kernel_types *kernel, uint32_t offset) {
  if (offset >= (size_t)(kernel->strings_end - kernel->strings)) return false;
  uint64_t name = beginning(kernel->strings + offset);
  for (size_t i = 0; i < NAMES; i++)
    if (kernel->wanted[i] == name) return true;
  return false;
}

/* Of a structure that is looked for. */
static void find_members(const struct kernel_types *kernel, const struct btf_type *type,
                         struct crtop_kernel_layout *layout) {
  const struct btf_member *all = (const void *)(type + 1);
  for (size_t wanted = 0; wanted < CRTOP_KERNEL_MEMBERS; wanted++) {
    if (!is_name(kernel, type->name_off, members[wanted].structure)) continue;
    for (uint32_t i = 0; i < BTF_INFO_VLEN(type->info); i++)
      if (is_name(kernel, all[i].name_off, members[wanted].member))
        layout->offset[wanted] = (int32_t)((BTF_INFO_KFLAG(type->info) ? all[i].offset & 0xffffff : all[i].offset) / 8);
  }
}

static bool find_types(const struct kernel_types *kernel, struct crtop_kernel_layout *layout) {
  uint32_t id = 0, block_size = 0;
  for (const char *at = kernel->types; (size_t)(kernel->types_end - at) >= sizeof(struct btf_type);) {
    const struct btf_type *type = (const void *)at;
    uint32_t kind = BTF_INFO_KIND(type->info), count = BTF_INFO_VLEN(type->info);
    size_t size = sizeof *type + tail_size(kind, count);
    if (size > (size_t)(kernel->types_end - at)) return false;
    id++;
    at += size;
    if ((kind != BTF_KIND_FUNC && kind != BTF_KIND_STRUCT) || !may_be_wanted(kernel, type->name_off)) continue;
    if (kind == BTF_KIND_FUNC && is_name(kernel, type->name_off, "bpf_iter_task")) layout->iterator = id;
    if (kind == BTF_KIND_STRUCT) {
      if (is_name(kernel, type->name_off, "restart_block")) block_size = type->size;
      find_members(kernel, type, layout);
    }
  }
  return layout->iterator && layout->offset[CRTOP_TASK_RESTART_BLOCK] > 0 && block_size == BLOCK;
}

static bool read_sections(const char *bytes, size_t length, struct crtop_kernel_layout *layout) {
  const struct btf_header *header = (const void *)bytes;
  if (length < sizeof *header || header->magic != BTF_MAGIC || header->hdr_len > length) return false;
  size_t rest = length - header->hdr_len;
  if (header->type_off > rest || header->type_len > rest - header->type_off) return false;
  if (header->str_off > rest || header->str_len > rest - header->str_off) return false;
  const char *types = bytes + header->hdr_len + header->type_off;
  const char *strings = bytes + header->hdr_len + header->str_off;
  if (header->str_len == 0 || strings[header->str_len - 1] != 0) return false;
  struct kernel_types kernel = {types, types + header->type_len, strings, strings + header->str_len, {0}};
  for (size_t i = 0; i < CRTOP_KERNEL_MEMBERS; i++) kernel.wanted[i] = beginning(members[i].structure);
  kernel.wanted[CRTOP_KERNEL_MEMBERS] = beginning("restart_block");
  kernel.wanted[CRTOP_KERNEL_MEMBERS + 1] = beginning("bpf_iter_task");
  return find_types(&kernel, layout);
}

/* The whole file: mapped, which Linux 6.16 allows, or read. */
int crtop_read_kernel_layout(struct crtop_kernel_layout *layout) {
  layout->iterator = 0;
  for (size_t i = 0; i < CRTOP_KERNEL_MEMBERS; i++) layout->offset[i] = -1;
  int file = open("/sys/kernel/btf/vmlinux", O_RDONLY | O_CLOEXEC);
  if (file < 0) return -1;
  struct stat status;
  bool found = false;
  if (fstat(file, &status) == 0 && status.st_size > 0) {
    size_t length = (size_t)status.st_size, got = 0;
    char *bytes = mmap(NULL, length, PROT_READ, MAP_PRIVATE, file, 0);
    if (bytes == MAP_FAILED) {
      bytes = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
      if (bytes == MAP_FAILED) {
        close(file);
        return -1;
      }
      for (ssize_t part; got < length && (part = read(file, bytes + got, length - got)) > 0;) got += (size_t)part;
    } else {
      got = length;
    }
    found = read_sections(bytes, got, layout);
    munmap(bytes, length);
  }
  close(file);
  if (!found) errno = EINVAL;
  return found ? 0 : -1;
}

static int bpf(int command, union bpf_attr *attributes) {
  return (int)syscall(SYS_bpf, command, attributes, sizeof *attributes);
}

#define INSTRUCTION(code, target, source, offset, immediate) \
  (struct bpf_insn) { code, target, source, offset, immediate }
#define LOAD(target, source, offset) INSTRUCTION(BPF_LDX | BPF_MEM | BPF_DW, target, source, offset, 0)
#define MOVE(target, source) INSTRUCTION(BPF_ALU64 | BPF_MOV | BPF_X, target, source, 0, 0)
#define SET(target, value) INSTRUCTION(BPF_ALU64 | BPF_MOV | BPF_K, target, 0, 0, value)
#define ADD(target, value) INSTRUCTION(BPF_ALU64 | BPF_ADD | BPF_K, target, 0, 0, value)
#define CALL(function) INSTRUCTION(BPF_JMP | BPF_CALL, 0, 0, 0, function)

/* GPL for these lines alone: the functions they call want it. */
static int load(union bpf_attr *attributes, const struct bpf_insn *program, size_t size) {
  attributes->insns = (uint64_t)(uintptr_t)program;
  attributes->insn_cnt = (uint32_t)(size / sizeof *program);
  attributes->license = (uint64_t)(uintptr_t)"GPL";
  return bpf(BPF_PROG_LOAD, attributes);
}

int crtop_task_program(const struct crtop_kernel_layout *layout) {
  /* struct bpf_iter__task { struct bpf_iter_meta { struct seq_file *seq; ... } *meta; struct task_struct *task; } in
   * register 1. The task's address and its block go through the stack (register 10) to the output, and behind them the name
   * of the block's function. */
  struct bpf_insn program[] = {
    LOAD(7, 1, 8),
    INSTRUCTION(BPF_JMP | BPF_JEQ | BPF_K, 7, 0, 23, 0), /* after the last task: to the end */
    LOAD(6, 1, 0), LOAD(6, 6, 0),
    INSTRUCTION(BPF_STX | BPF_MEM | BPF_DW, 10, 7, -BLOCK - 8, 0),
    MOVE(1, 10), ADD(1, -BLOCK), SET(2, BLOCK), MOVE(3, 7), ADD(3, layout->offset[CRTOP_TASK_RESTART_BLOCK]),
    CALL(BPF_FUNC_probe_read_kernel),
    MOVE(1, 6), MOVE(2, 10), ADD(2, -BLOCK - 8), SET(3, BLOCK + 8), CALL(BPF_FUNC_seq_write),
    INSTRUCTION(BPF_ST | BPF_MEM | BPF_W, 10, 0, -BLOCK - 8, '%' | 'p' << 8 | 's' << 16),
    MOVE(1, 6), MOVE(2, 10), ADD(2, -BLOCK - 8), SET(3, 4), MOVE(4, 10), ADD(4, -BLOCK + 8), SET(5, 8),
    CALL(BPF_FUNC_seq_printf),
    SET(0, 0), INSTRUCTION(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)};
  union bpf_attr attributes;
  memset(&attributes, 0, sizeof attributes);
  attributes.prog_type = BPF_PROG_TYPE_TRACING;
  attributes.expected_attach_type = BPF_TRACE_ITER;
  attributes.attach_btf_id = layout->iterator;
  return load(&attributes, program, sizeof program);
}

/* What the second program is called with. */
struct kernel_read {
  uint64_t address, count;
  int64_t result;
};

int crtop_memory_map(void) {
  union bpf_attr attributes;
  memset(&attributes, 0, sizeof attributes);
  attributes.map_type = BPF_MAP_TYPE_ARRAY;
  attributes.key_size = sizeof(uint32_t);
  attributes.value_size = LARGEST;
  attributes.max_entries = 1;
  return bpf(BPF_MAP_CREATE, &attributes);
}

int crtop_memory_program(int map) {
  struct bpf_insn program[] = {
    MOVE(6, 1),
    LOAD(3, 6, offsetof(struct kernel_read, address)),
    LOAD(2, 6, offsetof(struct kernel_read, count)),
    INSTRUCTION(BPF_JMP | BPF_JGT | BPF_K, 2, 0, 4, LARGEST),
    INSTRUCTION(BPF_LD | BPF_DW | BPF_IMM, 1, BPF_PSEUDO_MAP_VALUE, 0, map), INSTRUCTION(0, 0, 0, 0, 0),
    CALL(BPF_FUNC_probe_read_kernel),
    INSTRUCTION(BPF_STX | BPF_MEM | BPF_DW, 6, 0, offsetof(struct kernel_read, result), 0),
    SET(0, 0), INSTRUCTION(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)};
  union bpf_attr attributes;
  memset(&attributes, 0, sizeof attributes);
  attributes.prog_type = BPF_PROG_TYPE_SYSCALL;
  attributes.prog_flags = BPF_F_SLEEPABLE;
  return load(&attributes, program, sizeof program);
}

int crtop_read_kernel_memory(int program, int map, uint64_t address, uint32_t count, char bytes[CRTOP_KERNEL_READ]) {
  struct kernel_read read = {address, count, -EINVAL};
  union bpf_attr attributes;
  memset(&attributes, 0, sizeof attributes);
  attributes.test.prog_fd = (uint32_t)program;
  attributes.test.ctx_in = (uint64_t)(uintptr_t)&read;
  attributes.test.ctx_size_in = sizeof read;
  if (bpf(BPF_PROG_TEST_RUN, &attributes) < 0) return -1;
  if (read.result != 0) {
    errno = (int)-read.result;
    return -1;
  }
  uint32_t key = 0;
  memset(&attributes, 0, sizeof attributes);
  attributes.map_fd = (uint32_t)map;
  attributes.key = (uint64_t)(uintptr_t)&key;
  attributes.value = (uint64_t)(uintptr_t)bytes;
  return bpf(BPF_MAP_LOOKUP_ELEM, &attributes);
}

int crtop_read_task(int program, pid_t tid, struct crtop_kernel_task *task) {
  union bpf_iter_link_info which;
  memset(&which, 0, sizeof which);
  which.task.tid = (uint32_t)tid;
  union bpf_attr create;
  memset(&create, 0, sizeof create);
  create.link_create.prog_fd = (uint32_t)program;
  create.link_create.attach_type = BPF_TRACE_ITER;
  create.link_create.iter_info = (uint64_t)(uintptr_t)&which;
  create.link_create.iter_info_len = sizeof which;
  int link = bpf(BPF_LINK_CREATE, &create);
  if (link < 0) return -1;
  memset(&create, 0, sizeof create);
  create.iter_create.link_fd = (uint32_t)link;
  int output = bpf(BPF_ITER_CREATE, &create);
  ssize_t got = -1;
  memset(task, 0, sizeof *task);
  if (output >= 0) {
    got = read(output, task, sizeof *task - 1);
    int error = got < 0 ? errno : ESRCH;
    close(output);
    errno = error;
  }
  int error = errno;
  close(link);
  errno = error;
  return got >= BLOCK + 8 ? 0 : -1;
}

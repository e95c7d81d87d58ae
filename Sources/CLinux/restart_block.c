#include "restart_block.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/btf.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { BLOCK = 56 }; /* sizeof(struct restart_block) */

/* What is looked for in the kernel's description of itself (Documentation/bpf/btf.rst). */
struct kernel_types {
  const char *types, *types_end, *strings, *strings_end;
  uint32_t iterator;     /* id of the function that programs running over tasks are attached to */
  uint32_t block_offset; /* of restart_block in task_struct */
  uint32_t block_size;
};

/* Offset of a name in the string section, 0 where there is none. */
static uint32_t name_offset(const struct kernel_types *kernel, const char *name) {
  char wanted[32] = {0};
  size_t length = strlen(name);
  memcpy(wanted + 1, name, length);
  const char *found = memmem(kernel->strings, (size_t)(kernel->strings_end - kernel->strings), wanted, length + 2);
  return found ? (uint32_t)(found + 1 - kernel->strings) : 0;
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

static bool find_types(struct kernel_types *kernel) {
  uint32_t iterator = name_offset(kernel, "bpf_iter_task"), task = name_offset(kernel, "task_struct"),
           block = name_offset(kernel, "restart_block"), id = 0;
  if (!iterator || !task || !block) return false;
  for (const char *at = kernel->types; (size_t)(kernel->types_end - at) >= sizeof(struct btf_type);) {
    const struct btf_type *type = (const void *)at;
    uint32_t kind = BTF_INFO_KIND(type->info), members = BTF_INFO_VLEN(type->info);
    size_t size = sizeof *type + tail_size(kind, members);
    if (size > (size_t)(kernel->types_end - at)) return false;
    id++;
    if (kind == BTF_KIND_FUNC && type->name_off == iterator) kernel->iterator = id;
    if (kind == BTF_KIND_STRUCT && type->name_off == block) kernel->block_size = type->size;
    if (kind == BTF_KIND_STRUCT && type->name_off == task) {
      const struct btf_member *member = (const void *)(type + 1);
      for (uint32_t i = 0; i < members; i++)
        if (member[i].name_off == block)
          kernel->block_offset = (BTF_INFO_KFLAG(type->info) ? member[i].offset & 0xffffff : member[i].offset) / 8;
    }
    at += size;
  }
  return kernel->iterator && kernel->block_offset && kernel->block_size == BLOCK;
}

static bool read_sections(struct kernel_types *kernel, const char *bytes, size_t length) {
  const struct btf_header *header = (const void *)bytes;
  if (length < sizeof *header || header->magic != BTF_MAGIC || header->hdr_len > length) return false;
  size_t rest = length - header->hdr_len;
  if (header->type_off > rest || header->type_len > rest - header->type_off) return false;
  if (header->str_off > rest || header->str_len > rest - header->str_off) return false;
  kernel->types = bytes + header->hdr_len + header->type_off;
  kernel->types_end = kernel->types + header->type_len;
  kernel->strings = bytes + header->hdr_len + header->str_off;
  kernel->strings_end = kernel->strings + header->str_len;
  return find_types(kernel);
}

/* The whole file: mapped, which Linux 6.16 allows, or read. */
static int read_kernel_types(struct kernel_types *kernel) {
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
    found = read_sections(kernel, bytes, got);
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

int crtop_restart_block_program(void) {
  struct kernel_types kernel = {0};
  if (read_kernel_types(&kernel) < 0) return -1;
  /* struct bpf_iter__task { struct bpf_iter_meta { struct seq_file *seq; ... } *meta; struct task_struct *task; } in
   * register 1. The block goes through the stack (register 10) to the output, and behind it the name of its function. */
  struct bpf_insn program[] = {
    LOAD(7, 1, 8),
    INSTRUCTION(BPF_JMP | BPF_JEQ | BPF_K, 7, 0, 22, 0), /* after the last task: to the end */
    LOAD(6, 1, 0), LOAD(6, 6, 0),
    MOVE(1, 10), ADD(1, -BLOCK), SET(2, BLOCK), MOVE(3, 7), ADD(3, (int32_t)kernel.block_offset),
    CALL(BPF_FUNC_probe_read_kernel),
    MOVE(1, 6), MOVE(2, 10), ADD(2, -BLOCK), SET(3, BLOCK), CALL(BPF_FUNC_seq_write),
    INSTRUCTION(BPF_ST | BPF_MEM | BPF_W, 10, 0, -BLOCK - 8, '%' | 'p' << 8 | 's' << 16),
    MOVE(1, 6), MOVE(2, 10), ADD(2, -BLOCK - 8), SET(3, 4), MOVE(4, 10), ADD(4, -BLOCK + 8), SET(5, 8),
    CALL(BPF_FUNC_seq_printf),
    SET(0, 0), INSTRUCTION(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)};
  union bpf_attr load;
  memset(&load, 0, sizeof load);
  load.prog_type = BPF_PROG_TYPE_TRACING;
  load.expected_attach_type = BPF_TRACE_ITER;
  load.attach_btf_id = kernel.iterator;
  load.insns = (uint64_t)(uintptr_t)program;
  load.insn_cnt = sizeof program / sizeof *program;
  load.license = (uint64_t)(uintptr_t)"GPL"; /* of these lines alone: the functions they call want it */
  return bpf(BPF_PROG_LOAD, &load);
}

int crtop_read_restart_block(int program, pid_t tid, struct crtop_restart_block *block) {
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
  memset(block, 0, sizeof *block);
  if (output >= 0) {
    got = read(output, block, sizeof *block - 1);
    int error = got < 0 ? errno : ESRCH;
    close(output);
    errno = error;
  }
  int error = errno;
  close(link);
  errno = error;
  return got >= BLOCK ? 0 : -1;
}

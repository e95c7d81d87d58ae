/* The code that runs inside a task on crtop's behalf, and the data it finds behind itself. See injection_x86_64.S. */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* Added to a number of the 32-bit table (asm/unistd_32.h): the call is made by int $0x80, so that what the kernel keeps of it
 * is that of a 32-bit program. */
#define CRTOP_COMPAT_CALL 0x100000000ll

/* One system call to be made; 64 bytes, known to the assembly. */
struct crtop_remote_call {
  int64_t number;
  int64_t arguments[6];
  int64_t result;
};

/* Follows the code. All 8 bytes each, in the order in which the assembly names them. */
struct crtop_injection_data {
  uint64_t tgid, tid, signal; /* of the tgkill(2) that stops the thread while it is traced */
  uint64_t mask;              /* the thread's true signal mask */
  uint64_t flags, rsp, rip;   /* its true registers, a restarted system call already prepared */
  uint64_t rax, rbx, rcx, rdx, rsi, rdi, rbp;
  uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
  uint64_t far_jump; /* of a 32-bit task: its program counter, and in bits 32 to 47 its code segment */
  /* The last 24 bytes of the vDSO: a later crtop finds here what a killed one left. */
  uint64_t scratch, scratch_length, magic;
};

#define CRTOP_INJECTION_MAGIC 0x706f74726321c0deull

/* The code's bytes; the data follows at once. */
const uint8_t *crtop_injection_code(void);
size_t crtop_injection_code_length(void);
/* Offsets into the code. */
size_t crtop_injection_single_offset(void);  /* one call, made with the registers as they are; result in r15 */
size_t crtop_injection_list_offset(void);    /* r14: calls, r12: how many; r15: address of the scratch mapping or 0 */
size_t crtop_injection_compat_offset(void);  /* a call by int $0x80, made with the registers as they are */
size_t crtop_injection_far_offset(void);     /* the jump into 32-bit code */
size_t crtop_injection_stopped_offset(void); /* where a traced thread stands when it has stopped */

# register_loop(const struct registers *in, struct registers *out, uint64_t turns):
# loads every register from `in`, spins so long that a checkpoint falls into the loop, stores every register to `out`.
# The counter is on the stack, so that all general registers but rsp hold a pattern. The carry flag is set for the loop;
# dec leaves it alone.
#
# struct registers: 0 general[15], 120 carry, 128 mxcsr, 132 x87 control, 136 vector width, 140 features,
# 144 x87[8] of 16 bytes, 272 masks[8], 336 fs base, 384 vectors[32] of 64 bytes.
  .text
  .globl register_loop
  .type register_loop, @function

.macro all_vectors16 operation, base
  .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
  \operation \n, \base
  .endr
.endm
.macro high_vectors operation, base
  .irp n, 16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
  \operation \n, \base
  .endr
.endm
.macro load_sse n, base
  movups 384+64*\n(\base), %xmm\n
.endm
.macro store_sse n, base
  movups %xmm\n, 384+64*\n(\base)
.endm
.macro load_avx n, base
  vmovups 384+64*\n(\base), %ymm\n
.endm
.macro store_avx n, base
  vmovups %ymm\n, 384+64*\n(\base)
.endm
.macro load_avx512 n, base
  vmovups 384+64*\n(\base), %zmm\n
.endm
.macro store_avx512 n, base
  vmovups %zmm\n, 384+64*\n(\base)
.endm

register_loop:
  push %rbp
  push %rbx
  push %r12
  push %r13
  push %r14
  push %r15
  sub $40, %rsp
  mov %rdx, (%rsp)
  mov %rsi, 8(%rsp)
  stmxcsr 16(%rsp)
  fnstcw 20(%rsp)

  cmpl $32, 136(%rdi)
  jb 1f
  je 2f
  all_vectors16 load_avx512, %rdi
  high_vectors load_avx512, %rdi
  testl $2, 140(%rdi)
  jz 5f
  .irp n, 0,1,2,3,4,5,6,7
  kmovq 272+8*\n(%rdi), %k\n
  .endr
  jmp 3f
5: .irp n, 0,1,2,3,4,5,6,7
  kmovw 272+8*\n(%rdi), %k\n
  .endr
  jmp 3f
2: all_vectors16 load_avx, %rdi
  jmp 3f
1: all_vectors16 load_sse, %rdi
3: ldmxcsr 128(%rdi)
  fninit
  .irp n, 7,6,5,4,3,2,1,0
  fldt 144+16*\n(%rdi)
  .endr
  fldcw 132(%rdi)

  testl $1, 140(%rdi)
  jz 6f
  rdfsbase %rax
  mov %rax, 24(%rsp)
  mov 336(%rdi), %rax
  wrfsbase %rax
6: mov 0(%rdi), %rax
  mov 8(%rdi), %rbx
  mov 16(%rdi), %rcx
  mov 24(%rdi), %rdx
  mov 32(%rdi), %rsi
  mov 48(%rdi), %rbp
  mov 56(%rdi), %r8
  mov 64(%rdi), %r9
  mov 72(%rdi), %r10
  mov 80(%rdi), %r11
  mov 88(%rdi), %r12
  mov 96(%rdi), %r13
  mov 104(%rdi), %r14
  mov 112(%rdi), %r15
  mov 40(%rdi), %rdi
  stc
4: decq (%rsp)
  jnz 4b

  push %rdi
  mov 16(%rsp), %rdi
  mov %rax, 0(%rdi)
  setc 120(%rdi)
  pop %rax
  mov %rax, 40(%rdi)
  mov %rbx, 8(%rdi)
  mov %rcx, 16(%rdi)
  mov %rdx, 24(%rdi)
  mov %rsi, 32(%rdi)
  mov %rbp, 48(%rdi)
  mov %r8, 56(%rdi)
  mov %r9, 64(%rdi)
  mov %r10, 72(%rdi)
  mov %r11, 80(%rdi)
  mov %r12, 88(%rdi)
  mov %r13, 96(%rdi)
  mov %r14, 104(%rdi)
  mov %r15, 112(%rdi)
  testl $1, 140(%rdi)
  jz 6f
  rdfsbase %rax
  mov %rax, 336(%rdi)
  mov 24(%rsp), %rax
  wrfsbase %rax
6: fnstcw 132(%rdi)
  stmxcsr 128(%rdi)
  .irp n, 0,1,2,3,4,5,6,7
  fstpt 144+16*\n(%rdi)
  .endr

  cmpl $32, 136(%rdi)
  jb 1f
  je 2f
  all_vectors16 store_avx512, %rdi
  high_vectors store_avx512, %rdi
  testl $2, 140(%rdi)
  jz 5f
  .irp n, 0,1,2,3,4,5,6,7
  kmovq %k\n, 272+8*\n(%rdi)
  .endr
  jmp 7f
5: .irp n, 0,1,2,3,4,5,6,7
  kmovw %k\n, 272+8*\n(%rdi)
  .endr
7: vzeroupper
  jmp 3f
2: all_vectors16 store_avx, %rdi
  vzeroupper
  jmp 3f
1: all_vectors16 store_sse, %rdi
3: fninit
  ldmxcsr 16(%rsp)
  fldcw 20(%rsp)
  add $40, %rsp
  pop %r15
  pop %r14
  pop %r13
  pop %r12
  pop %rbx
  pop %rbp
  ret
  .size register_loop, .-register_loop
  .section .note.GNU-stack,"",@progbits

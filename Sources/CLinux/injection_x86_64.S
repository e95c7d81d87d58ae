/* Makes system calls inside a task, and heals itself when the tracer dies.
 *
 * It is written into the zero padding at the end of the task's vDSO, where the task can read and execute but not write it.
 * After its calls it sends its own thread a signal that the task ignores. While the thread is traced, that is a
 * signal-delivery stop, since the kernel queues even ignored signals for a tracer (kernel/signal.c, sig_ignored); without a
 * tracer the signal is dropped, and the code goes on to unmap the scratch mapping and to put back the signal mask and all
 * registers. No instruction after the mask is restored touches the stack or the flags, so a signal handler may run at any
 * of them. Floating-point state is never touched; a pending restart block (nanosleep, poll) survives as well.
 *
 * In a 32-bit task it runs as 64-bit code all the same, which the kernel lets any task do; the task's program counter is then
 * that of the far jump at the end, back into the 32-bit code segment. */
#if defined(__x86_64__)
        .section .rodata
        .balign 16
        .globl  crtop_injection_start, crtop_injection_list, crtop_injection_compat, crtop_injection_stopped
        .globl  crtop_injection_far, crtop_injection_end
        .hidden crtop_injection_start, crtop_injection_list, crtop_injection_compat, crtop_injection_stopped
        .hidden crtop_injection_far, crtop_injection_end
        .set    data, crtop_injection_end

crtop_injection_start:
        syscall
        mov     %rax, %r15
        jmp     .Lstop

crtop_injection_list:
        test    %r12, %r12
        jz      .Lstop
        mov     0(%r14), %rax
        mov     24(%r14), %rdx
        btr     $32, %rax                       /* CRTOP_COMPAT_CALL */
        jc      .Lcompat
        mov     8(%r14), %rdi
        mov     16(%r14), %rsi
        mov     32(%r14), %r10
        mov     40(%r14), %r8
        mov     48(%r14), %r9
        syscall
.Lreturned:
        mov     %rax, 56(%r14)
        add     $64, %r14
        dec     %r12
        jmp     crtop_injection_list

.Lcompat:
        mov     8(%r14), %rbx
        mov     16(%r14), %rcx
        mov     32(%r14), %rsi
        mov     40(%r14), %rdi
        mov     48(%r14), %rbp
crtop_injection_compat:
        int     $0x80
        jmp     .Lreturned

.Lstop:
        mov     data+0(%rip), %rdi
        mov     data+8(%rip), %rsi
        mov     data+16(%rip), %rdx
        mov     $234, %eax                      /* tgkill */
        syscall
crtop_injection_stopped:
        cmp     data+184(%rip), %r15
        jne     .Lrestore
        mov     data+184(%rip), %rdi
        mov     data+192(%rip), %rsi
        mov     $11, %eax                       /* munmap */
        syscall
.Lrestore:
        lea     data+32(%rip), %rsp
        popfq
        mov     data+40(%rip), %rsp
        mov     $14, %eax                       /* rt_sigprocmask(SIG_SETMASK, mask, 0, 8); syscall keeps the flags */
        mov     $2, %edi
        lea     data+24(%rip), %rsi
        mov     $0, %edx
        mov     $8, %r10d
        syscall
        mov     data+56(%rip), %rax
        mov     data+64(%rip), %rbx
        mov     data+72(%rip), %rcx
        mov     data+80(%rip), %rdx
        mov     data+88(%rip), %rsi
        mov     data+96(%rip), %rdi
        mov     data+104(%rip), %rbp
        mov     data+112(%rip), %r8
        mov     data+120(%rip), %r9
        mov     data+128(%rip), %r10
        mov     data+136(%rip), %r11
        mov     data+144(%rip), %r12
        mov     data+152(%rip), %r13
        mov     data+160(%rip), %r14
        mov     data+168(%rip), %r15
        jmp     *data+48(%rip)
crtop_injection_far:
        ljmp    *data+176(%rip)
        .balign 8
crtop_injection_end:
#endif
        .section .note.GNU-stack,"",@progbits

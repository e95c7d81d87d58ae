/* What only a 32-bit system call, made from a 64-bit program by int $0x80, can do or show. */
#pragma once
#include <stddef.h>
#include <sys/types.h>

/* Copies the vDSO that the kernel gives to 32-bit programs. `vdso` and `length` are where the caller's own one is, data and
 * code together, of which `data_length` bytes are data before the code. Returns the length of the code, at most `capacity`;
 * -1 where the kernel runs no 32-bit programs. */
ssize_t crtop_read_vdso32(void *bytes, size_t capacity, void *vdso, size_t length, size_t data_length);

/* open(2) as a 32-bit program makes it: without O_LARGEFILE unless the flags say so. */
int crtop_open_compat(const char *path, int flags);

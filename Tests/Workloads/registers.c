/* Registers: two threads keep a pattern in every register and find it there after each turn of a long loop. */
#include <asm/prctl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "workload.h"

struct registers {
  uint64_t general[15];
  uint64_t carry;
  uint32_t mxcsr;
  uint32_t x87_control;
  uint32_t vector_width;
  uint32_t features;
  unsigned char x87[8][16];
  uint64_t masks[8];
  uint64_t fs_base;
  uint64_t unused[5];
  unsigned char vectors[32][64];
};
_Static_assert(offsetof(struct registers, x87) == 144, "as registers.S has it");
_Static_assert(offsetof(struct registers, masks) == 272, "as registers.S has it");
_Static_assert(offsetof(struct registers, features) == 140, "as registers.S has it");
_Static_assert(offsetof(struct registers, fs_base) == 336, "as registers.S has it");
_Static_assert(offsetof(struct registers, vectors) == 384, "as registers.S has it");

void register_loop(const struct registers *in, struct registers *out, uint64_t turns);

static atomic_bool ending;
static atomic_uint loops[2];

static uint32_t vector_width(void) {
  if (__builtin_cpu_supports("avx512f")) return 64;
  return __builtin_cpu_supports("avx") ? 32 : 16;
}

enum { FS_AND_GS_BASE = 1, WIDE_MASKS = 2 };

/* FSGSBASE must be allowed by the kernel (HWCAP2_FSGSBASE); mask registers have 64 bits with AVX512BW. */
static uint32_t features(void) {
  return (getauxval(AT_HWCAP2) & 2 ? FS_AND_GS_BASE : 0) | (__builtin_cpu_supports("avx512bw") ? WIDE_MASKS : 0);
}

static void make_pattern(struct registers *in, uint64_t seed) {
  memset(in, 0, sizeof *in);
  in->vector_width = vector_width();
  in->features = features();
  if (in->features & FS_AND_GS_BASE) in->fs_base = mix(seed + 400) & 0x7fffffffff00;
  fill(in->general, sizeof in->general, seed);
  in->carry = 1;
  in->mxcsr = seed & 1 ? 0x7f80 : 0xbfc0;  // round to zero; round down, denormals as zero; all exceptions masked
  in->x87_control = seed & 1 ? 0x0c7f : 0x077f;
  for (int i = 0; i < 8; i++) {  // normal numbers, explicit integer bit set: they load and store unchanged
    fill(in->x87[i], 8, seed + 100 + (uint64_t)i);
    in->x87[i][7] |= 0x80;
    in->x87[i][8] = (unsigned char)(i * 17);
    in->x87[i][9] = (unsigned char)(0x40 | (i & 1) << 7);
  }
  if (in->vector_width == 64)
    for (int i = 0; i < 8; i++) in->masks[i] = mix(seed + 200 + (uint64_t)i) & (in->features & WIDE_MASKS ? UINT64_MAX : 0xffff);
  size_t vectors = in->vector_width == 64 ? 32 : 16;
  for (size_t i = 0; i < vectors; i++) fill(in->vectors[i], in->vector_width, seed + 300 + i);
}

static void compare(const struct registers *in, const struct registers *out) {
  for (size_t i = 0; i < COUNT(in->general); i++)
    REQUIRE(in->general[i] == out->general[i], "general register %zu is %#lx, not %#lx", i, out->general[i],
            in->general[i]);
  REQUIRE(in->carry == out->carry, "the carry flag is lost");
  REQUIRE(in->mxcsr == (out->mxcsr & ~0x3fu), "mxcsr is %#x, not %#x", out->mxcsr, in->mxcsr);
  REQUIRE(in->x87_control == out->x87_control, "x87 control word is %#x, not %#x", out->x87_control, in->x87_control);
  for (size_t i = 0; i < 8; i++) REQUIRE(!memcmp(in->x87[i], out->x87[i], 10), "x87 register %zu differs", i);
  for (size_t i = 0; i < 8; i++) REQUIRE(in->masks[i] == out->masks[i], "mask register %zu differs", i);
  REQUIRE(in->fs_base == out->fs_base, "fs base is %#lx, not %#lx", out->fs_base, in->fs_base);
  for (size_t i = 0; i < 32; i++) REQUIRE(!memcmp(in->vectors[i], out->vectors[i], 64), "vector register %zu differs", i);
}

static void *spin(void *argument) {
  uintptr_t id = (uintptr_t)argument;
  uint64_t base = mix(id) & 0x7fffffffff00, base_now = 0;
  if (id && features() & FS_AND_GS_BASE) {
    asm volatile("wrgsbase %0" : : "r"(base));
  } else {
    must(syscall(SYS_arch_prctl, ARCH_SET_GS, base), "ARCH_SET_GS");
  }
  struct registers in, out;
  for (uint64_t seed = id; !atomic_load(&ending); seed += 2) {
    make_pattern(&in, seed);
    memset(&out, 0, sizeof out);
    out.vector_width = in.vector_width;
    out.features = in.features;
    register_loop(&in, &out, 400000);
    compare(&in, &out);
    must(syscall(SYS_arch_prctl, ARCH_GET_GS, &base_now), "ARCH_GET_GS");
    REQUIRE(base_now == base, "gs base is %#lx, not %#lx", base_now, base);
    atomic_fetch_add(&loops[id], 1);
  }
  return NULL;
}

void run_registers(int argc, char **argv) {
  (void)argc, (void)argv;
  pthread_t threads[2];
  for (uintptr_t i = 0; i < 2; i++) pthread_create(&threads[i], NULL, spin, (void *)i);
  while (!atomic_load(&loops[0]) || !atomic_load(&loops[1])) nap(1000);
  report_ready();
  wait_for_verdict();
  unsigned before[2] = {atomic_load(&loops[0]), atomic_load(&loops[1])};
  while (atomic_load(&loops[0]) < before[0] + 3 || atomic_load(&loops[1]) < before[1] + 3) nap(1000);
  atomic_store(&ending, true);
  for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
}

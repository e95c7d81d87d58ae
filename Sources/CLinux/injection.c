#include "injection_x86_64.h"

extern const uint8_t crtop_injection_start[], crtop_injection_list[], crtop_injection_compat[], crtop_injection_stopped[],
  crtop_injection_far[], crtop_injection_end[];

_Static_assert(offsetof(struct crtop_injection_data, mask) == 24, "known to the assembly");
_Static_assert(offsetof(struct crtop_injection_data, flags) == 32, "known to the assembly");
_Static_assert(offsetof(struct crtop_injection_data, rax) == 56, "known to the assembly");
_Static_assert(offsetof(struct crtop_injection_data, r15) == 168, "known to the assembly");
_Static_assert(offsetof(struct crtop_injection_data, far_jump) == 176, "known to the assembly");
_Static_assert(offsetof(struct crtop_injection_data, scratch) == 184, "known to the assembly");
_Static_assert(sizeof(struct crtop_remote_call) == 64, "known to the assembly");

const uint8_t *crtop_injection_code(void) { return crtop_injection_start; }
size_t crtop_injection_code_length(void) { return (size_t)(crtop_injection_end - crtop_injection_start); }
size_t crtop_injection_single_offset(void) { return 0; }
size_t crtop_injection_list_offset(void) { return (size_t)(crtop_injection_list - crtop_injection_start); }
size_t crtop_injection_compat_offset(void) { return (size_t)(crtop_injection_compat - crtop_injection_start); }
size_t crtop_injection_far_offset(void) { return (size_t)(crtop_injection_far - crtop_injection_start); }
size_t crtop_injection_stopped_offset(void) { return (size_t)(crtop_injection_stopped - crtop_injection_start); }

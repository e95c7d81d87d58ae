/* The address space as /proc/self/maps and smaps show it, to be compared before and after. */
#pragma once
#include <stddef.h>

/* The map now, as text that can be compared: adjacent anonymous areas of the same kind are one line, and of stacks only
 * the end is given, since they grow. Kept outside the heap, which must not change by looking. */
const char *map_text(void);
/* Fails naming the first line that differs. */
void require_same_map(const char *before, const char *now);
/* The VmFlags line of the area that begins at `start`, only the flags that a program can set; never freed. */
const char *area_flags(const void *start);

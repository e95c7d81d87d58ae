/* Creating the first task of a restart: no Swift may run in it. */
#pragma once
#include <sys/types.h>

/* clone3(2) without shared memory: a child that has `pid` (0: any), default signal actions, and does nothing but wait until
 * it is traced. It dies with the calling thread. Returns its pid, or -1 with errno. */
pid_t crtop_clone_waiting_child(pid_t pid);


/* Creating the first task of a restart: no Swift may run in it. */
#pragma once
#include <stdbool.h>
#include <sys/types.h>

/* clone3(2) without shared memory: a child that has `pid` (0: any), default signal actions, and does nothing but wait until
 * it is traced. It dies with the calling thread. Returns its pid, or -1 with errno. */
pid_t crtop_clone_waiting_child(pid_t pid);

/* Starts this program anew as the first process of a new pid namespace, with a mount namespace in which /proc is that of the
 * new namespace. It leads a session (`own_session`) or a group of its own, and inherits `report`, to which an errno is
 * written when it cannot be started. What it prints goes to `output`, unless that is -1. Returns its pid, or -1 with errno. */
pid_t crtop_spawn_namespace_init(char *const arguments[], bool own_session, int report, int output);

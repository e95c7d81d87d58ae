/* More state that a checkpoint must refuse: settings, memory and descriptors that few programs have. See refused.c. */
#include <asm/ldt.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/mempolicy.h>
#include <linux/perf_event.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/io.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sem.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "workload.h"

/* This machine does not offer such state: the test has nothing to do. */
static void offered(long result, const char *what) {
  if (result != -1) return;
  report("unavailable: %s: %s", what, strerror(errno));
  exit(77);
}

static void *map_pages(size_t bytes, int flags, int file) {
  void *area = mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags, file, 0);
  offered(area == MAP_FAILED ? -1 : 0, "mmap");
  return area;
}

static void input_and_output_port(void) { offered(ioperm(0x80, 1, 1), "ioperm"); }

static void all_locked(void) { offered(mlockall(MCL_CURRENT | MCL_FUTURE), "mlockall"); }

static void memory_policy(void) {
  unsigned long nodes = 1;
  offered(syscall(SYS_set_mempolicy, MPOL_PREFERRED, &nodes, 64), "set_mempolicy");
}
static void local_descriptor_table(void) {
  struct user_desc segment = {.entry_number = 0, .base_addr = 0x1000, .limit = 0xfff, .seg_32bit = 1, .useable = 1};
  offered(syscall(SYS_modify_ldt, 1, &segment, sizeof segment), "modify_ldt");
}
static void no_time_stamp_counter(void) { offered(prctl(PR_SET_TSC, PR_TSC_SIGSEGV), "PR_SET_TSC"); }
static void machine_check_policy(void) {
  offered(prctl(PR_MCE_KILL, PR_MCE_KILL_SET, PR_MCE_KILL_EARLY, 0, 0), "PR_MCE_KILL");
}
static void no_executable_writes(void) { offered(prctl(65 /* PR_SET_MDWE */, 1, 0, 0, 0), "PR_SET_MDWE"); }
static void deadline(void) {
  struct {
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime, deadline, period;
  } attributes = {.size = 48, .policy = 6, .runtime = 1000000, .deadline = 100000000, .period = 100000000};
  offered(syscall(SYS_sched_setattr, 0, &attributes, 0), "sched_setattr");
}

/* A thread that has unshared a table; it ends with the process. */
static pthread_barrier_t unshared;
static _Noreturn void *unshare_and_sleep(void *what) {
  offered(unshare((int)(intptr_t)what), "unshare");
  pthread_barrier_wait(&unshared);
  for (;;) pause();
}
static void start_apart(int flags) {
  pthread_t thread;
  pthread_barrier_init(&unshared, NULL, 2);
  pthread_create(&thread, NULL, unshare_and_sleep, (void *)(intptr_t)flags);
  pthread_barrier_wait(&unshared);
}
static void own_descriptors(void) { start_apart(CLONE_FILES); }
static void own_directory(void) { start_apart(CLONE_FS); }

static void file_in_memory(void) {
  int file = (int)must(memfd_create("mapped", 0), "memfd_create");
  must(ftruncate(file, 2 * PAGE), "ftruncate");
  fill(map_pages(2 * PAGE, MAP_SHARED, file), 2 * PAGE, 1);
  close(file);
}
static void huge_pages(void) {
  map_pages(2 << 20, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | MAP_NORESERVE, -1);
}
static void sealed(void) {
  void *area = map_pages(2 * PAGE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
  offered(syscall(462 /* mseal */, area, 2 * PAGE, 0), "mseal");
}
static void watched_memory(void) {
  int file = (int)syscall(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY);
  offered(file, "userfaultfd");
  struct uffdio_api api = {.api = UFFD_API};
  must(ioctl(file, UFFDIO_API, &api), "UFFDIO_API");
  void *area = map_pages(4 * PAGE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
  struct uffdio_register range = {.range = {(uintptr_t)area, 4 * PAGE}, .mode = UFFDIO_REGISTER_MODE_MISSING};
  must(ioctl(file, UFFDIO_REGISTER, &range), "UFFDIO_REGISTER");
}
static void device_memory(void) {
  int file = open("/dev/mem", O_RDONLY);
  offered(file, "/dev/mem");
  void *area = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, file, 0xf0000);
  offered(area == MAP_FAILED ? -1 : 0, "mmap of /dev/mem");
  close(file);
}
static void protection_key(void) {
  int key = pkey_alloc(0, 0);
  offered(key, "pkey_alloc");
  void *area = map_pages(PAGE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
  must(pkey_mprotect(area, PAGE, PROT_READ, key), "pkey_mprotect");
}
static void named_memory(void) {
  void *area = map_pages(PAGE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
  offered(prctl(0x53564d41 /* PR_SET_VMA */, 0 /* PR_SET_VMA_ANON_NAME */, area, PAGE, "buffer"), "PR_SET_VMA");
}

static void path_descriptor(void) { must(open(directory, O_PATH), "O_PATH"); }
static void link_descriptor(void) {
  must(symlink("nowhere", inside("link")), "symlink");
  must(open(inside("link"), O_PATH | O_NOFOLLOW), "O_PATH");
}
static void packet_pipe(void) {
  int ends[2];
  offered(pipe2(ends, O_DIRECT), "pipe2");
}
static void named_pipe(void) {
  must(mkfifo(inside("fifo"), 0600), "mkfifo");
  must(open(inside("fifo"), O_RDWR), "open");
}
static void lease(void) {
  int file = filled_file("leased", 100, 1, O_RDONLY);
  offered(fcntl(file, F_SETLEASE, F_RDLCK), "F_SETLEASE");
}
static void character_device(void) { offered(open("/dev/kmsg", O_RDONLY), "/dev/kmsg"); }
static void namespace_file(void) { must(open("/proc/self/ns/uts", O_RDONLY), "/proc/self/ns/uts"); }
static void proc_file(void) { must(open("/proc/self/stat", O_RDONLY), "/proc/self/stat"); }
static void pseudo_terminal(void) {
  int master = posix_openpt(O_RDWR | O_NOCTTY);
  offered(master, "posix_openpt");
}
static void performance_counter(void) {
  struct perf_event_attr attributes = {.type = PERF_TYPE_SOFTWARE, .size = sizeof attributes,
                                       .config = PERF_COUNT_SW_TASK_CLOCK, .exclude_kernel = 1};
  offered(syscall(SYS_perf_event_open, &attributes, 0, -1, -1, 0), "perf_event_open");
}
static void file_watch(void) { offered(fanotify_init(FAN_CLASS_NOTIF, O_RDONLY), "fanotify_init"); }
static void kernel_map(void) {
  union bpf_attr attributes = {.map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1};
  offered(syscall(SYS_bpf, BPF_MAP_CREATE, &attributes, sizeof attributes), "bpf");
}

static void changed_root(void) {
  pid_t child = (pid_t)must(fork(), "fork");
  if (child) return;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  offered(chroot(directory), "chroot");
  for (;;) pause();
}

static int semaphores, flusher_result;
static atomic_bool told_flusher;
static void remove_semaphores(void) { semctl(semaphores, 0, IPC_RMID); }

static void on_signal(int signal) { (void)signal; }
static void every_signal_caught(void) {
  struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
  for (int number = 1; number <= 64; number++)
    if (number != SIGKILL && number != SIGSTOP) sigaction(number, &action, NULL);
  struct {
    void (*handler)(int);
    unsigned long flags;
    void (*restorer)(void);
    unsigned long mask;
  } action_of_one;  // the C library keeps 32 and 33 for itself, and refuses to set their actions
  must(syscall(SYS_rt_sigaction, SIGUSR1, NULL, &action_of_one, 8), "rt_sigaction");
  for (int number = 32; number <= 33; number++)
    must(syscall(SYS_rt_sigaction, number, &action_of_one, NULL, 8), "rt_sigaction");
}

/* It lives as long as the thread that has created it. */
static atomic_bool has_child;
static void *create_mortal(void *argument) {
  int ready[2];
  must(pipe(ready), "pipe");
  if (must(fork(), "fork") == 0) {
    must(prctl(PR_SET_PDEATHSIG, SIGKILL), "PR_SET_PDEATHSIG");
    close(ready[0]), close(ready[1]);
    for (;;) pause();
  }
  close(ready[1]);
  char byte;
  REQUIRE(read(ready[0], &byte, 1) == 0, "read");
  close(ready[0]);
  atomic_store(&has_child, true);
  for (;;) pause();
  return argument;
}
static void child_of_thread(void) {
  pthread_t thread;
  pthread_create(&thread, NULL, create_mortal, NULL);
  while (!atomic_load(&has_child)) nap(1000);
}
static void semaphore_adjustment(void) {
  int set = semget(IPC_PRIVATE, 1, 0600);
  offered(set, "semget");
  struct sembuf raise = {.sem_op = 1, .sem_flg = SEM_UNDO};
  must(semop(set, &raise, 1), "semop");
  semaphores = set;
  atexit(remove_semaphores);
}
/* Somebody else operates on the semaphore afterwards, and nobody is left to be seen as the one with something to undo. */
static void old_semaphore_adjustment(void) {
  semaphore_adjustment();
  pid_t child = (pid_t)must(fork(), "fork");
  if (child == 0) {
    struct sembuf raise = {.sem_op = 1};
    _exit(semop(semaphores, &raise, 1) != 0);
  }
  int status;
  must(waitpid(child, &status, 0), "waitpid");
}
static void directory_notification(void) {
  signal(SIGIO, SIG_IGN);
  offered(fcntl((int)must(open(directory, O_RDONLY | O_DIRECTORY), "open"), F_NOTIFY, DN_CREATE), "F_NOTIFY");
}
static void *flush(void *unused) {
  (void)unused;
  flusher_result = prctl(58, 1, 0, 0, 0); /* PR_SET_IO_FLUSHER */
  told_flusher = true;
  wait_for_verdict();
  return NULL;
}
static void flushing_thread(void) {
  static pthread_t thread;
  REQUIRE(pthread_create(&thread, NULL, flush, NULL) == 0, "pthread_create");
  while (!told_flusher) nap(500);
  offered(flusher_result, "PR_SET_IO_FLUSHER");
}
/* landlock_create_ruleset(2), landlock_restrict_self(2): directories may not be made. */
static void landlock_domain(void) {
  uint64_t handled = 1 << 7;
  int rules = (int)syscall(444, &handled, sizeof handled, 0);
  offered(rules, "landlock_create_ruleset");
  must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "PR_SET_NO_NEW_PRIVS");
  must(syscall(446, rules, 0), "landlock_restrict_self");
  must(close(rules), "close");
}

/* mov $29, %eax (pause); int $0x80; jmp: in the code segment of 32-bit programs. */
static void compat_code(void) {
  static const uint8_t code[] = {0xb8, 29, 0, 0, 0, 0xcd, 0x80, 0xeb, 0xf7};
  void *low = mmap(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
  offered(low == MAP_FAILED ? -1 : 0, "MAP_32BIT");
  memcpy(low, code, sizeof code);
  struct {
    uint32_t address;
    uint16_t segment;
  } there = {(uint32_t)(uintptr_t)low, 0x23};
  pid_t child = (pid_t)must(fork(), "fork");
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    __asm__ volatile("ljmp *%0" : : "m"(there));
  }
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/syscall", child);
  while (strncmp(read_text(path, NULL), "29 ", 3)) {
    if (waitpid(child, NULL, WNOHANG) == child) offered(-1, "32-bit code");
    nap(1000);
  }
}

const struct refused rare_kinds[] = {
  {"ports", input_and_output_port}, {"mlockall", all_locked}, {"memory-policy", memory_policy}, {"ldt", local_descriptor_table},
  {"no-tsc", no_time_stamp_counter}, {"mce-kill", machine_check_policy}, {"mdwe", no_executable_writes},
  {"deadline", deadline}, {"own-descriptors", own_descriptors}, {"own-directory", own_directory},
  {"chroot", changed_root}, {"memfd-mapping", file_in_memory}, {"huge-pages", huge_pages}, {"sealed", sealed},
  {"userfaultfd", watched_memory}, {"device-memory", device_memory}, {"protection-key", protection_key},
  {"named-memory", named_memory}, {"path-descriptor", path_descriptor}, {"link-descriptor", link_descriptor},
  {"packet-pipe", packet_pipe}, {"named-pipe", named_pipe}, {"lease", lease}, {"device", character_device},
  {"namespace-file", namespace_file}, {"proc-file", proc_file},
  {"pseudo-terminal", pseudo_terminal}, {"perf-event", performance_counter}, {"fanotify", file_watch},
  {"bpf", kernel_map}, {"catches-all", every_signal_caught},
  {"semaphore-undo", semaphore_adjustment}, {"parent-death-thread", child_of_thread}, {"old-semaphore-undo", old_semaphore_adjustment}, {"notified-directory", directory_notification},
  {"flusher", flushing_thread}, {"landlock", landlock_domain},
  {"compat-code", compat_code},
};
const size_t rare_kind_count = COUNT(rare_kinds);

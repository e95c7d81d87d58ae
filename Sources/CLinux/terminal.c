/* Gives the terminal back when the program dies of a fault: the one way out on which Swift code cannot run. */
#include "CLinux.h"

static struct termios saved_modes;
static int terminal = -1;

static void on_fault(int signal_number) {
  /* Mouse off, attributes off, cursor on, back from the alternate screen. */
  static const char reset[] = "\033[?1000l\033[?1002l\033[?1006l\033[m\033[?25h\033[?1049l\r\n";
  ssize_t written = write(terminal, reset, sizeof reset - 1);
  (void)written;
  tcsetattr(terminal, TCSANOW, &saved_modes);
  raise(signal_number); /* SA_RESETHAND: now with its default action. */
}

int crtop_restore_terminal_after_fault(int descriptor) {
  if (tcgetattr(descriptor, &saved_modes) != 0) return -1;
  terminal = descriptor;
  static const int faults[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP};
  struct sigaction action = {.sa_handler = on_fault, .sa_flags = SA_RESETHAND | SA_NODEFER};
  sigset_t set; /* Whoever started this program may have had some of them blocked. */
  sigemptyset(&set);
  for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
    if (sigaction(faults[i], &action, NULL) != 0) return -1;
    sigaddset(&set, faults[i]);
  }
  return sigprocmask(SIG_UNBLOCK, &set, NULL);
}

int crtop_window_size(int descriptor, int *rows, int *columns) {
  struct winsize size;
  if (ioctl(descriptor, TIOCGWINSZ, &size) != 0) return -1;
  *rows = size.ws_row;
  *columns = size.ws_col;
  return 0;
}

/* ncursesw, and thin wrappers for what Swift cannot import: macros with casts, standard streams, attributes. */
#pragma once
#define _XOPEN_SOURCE_EXTENDED 1
#define NCURSES_WIDECHAR 1
#define NCURSES_NOMACROS 1
#include <curses.h>
#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <term.h>
#undef lines
#undef columns
#undef buttons

enum {
  CRTOP_BOLD = 1,
  CRTOP_REVERSE = 2,
  CRTOP_UNDERLINE = 4,
  CRTOP_DIM = 8,
};

enum crtop_mouse { CRTOP_MOUSE_OTHER, CRTOP_MOUSE_PRESS, CRTOP_MOUSE_WHEEL_UP, CRTOP_MOUSE_WHEEL_DOWN };

/* newterm(3) on standard input and output; unlike initscr it does not end the program when it fails. */
static inline SCREEN *crtop_new_terminal(void) { return newterm(NULL, stdout, stdin); }

static inline void crtop_prepare_input(void) {
  keypad(stdscr, TRUE);
  nodelay(stdscr, TRUE);
  meta(stdscr, TRUE);
  intrflush(stdscr, FALSE);
}

/* Writes text with a colour pair and CRTOP_ attributes. */
static inline void crtop_put(int row, int column, const char *text, short pair, int attributes) {
  attr_t bits = A_NORMAL;
  if (attributes & CRTOP_BOLD) bits |= A_BOLD;
  if (attributes & CRTOP_REVERSE) bits |= A_REVERSE;
  if (attributes & CRTOP_UNDERLINE) bits |= A_UNDERLINE;
  if (attributes & CRTOP_DIM) bits |= A_DIM;
  attr_set(bits, pair, NULL);
  mvaddstr(row, column, text);
}

static inline void crtop_repaint(void) { clearok(stdscr, TRUE); }

static inline int crtop_colours(void) { return COLORS; }

/* Clicks are reported at once; double clicks are for the caller to see. All events are asked for: behind one that is not,
 * ncurses waits for the next input, although it was told not to wait. */
static inline void crtop_enable_mouse(void) {
  mouseinterval(0);
  mousemask(ALL_MOUSE_EVENTS, NULL);
}

static inline enum crtop_mouse crtop_read_mouse(int *row, int *column) {
  MEVENT event;
  if (getmouse(&event) != OK) return CRTOP_MOUSE_OTHER;
  *row = event.y;
  *column = event.x;
  if (event.bstate & (BUTTON1_PRESSED | BUTTON1_CLICKED)) return CRTOP_MOUSE_PRESS;
  if (event.bstate & BUTTON4_PRESSED) return CRTOP_MOUSE_WHEEL_UP;
  if (event.bstate & BUTTON5_PRESSED) return CRTOP_MOUSE_WHEEL_DOWN;
  return CRTOP_MOUSE_OTHER;
}

/* Whether the terminal type $TERM is known and can place the cursor. */
static inline bool crtop_terminal_is_usable(void) {
  int error = 0;
  if (setupterm(NULL, 1, &error) != OK) return false;
  const char *address = tigetstr("cup");
  return address != NULL && address != (char *)-1;
}

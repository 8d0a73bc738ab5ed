/* SPDX-License-Identifier: Apache-2.0 */

/* What the C files share. */
#ifndef ZAVER_PARTS_H
#define ZAVER_PARTS_H

#include <gtk/gtk.h>

#include "window.h"

/* What the person is at. */
enum phase { PHASE_WAIT, PHASE_CHOOSE, PHASE_WORK, PHASE_FINAL, PHASE_RESULT };

struct view {
	GtkWidget *window, *scroll, *body, *facts;
	GtkWidget *choice, *choose, *rows, *hint;
	GtkWidget *status, *spinner, *text, *detail, *left;
	GtkWidget *result;
	GtkWidget *buttons, *sign, *decline, *close;
	GtkSizeGroup *labels;
	int widest, highest; /* pixels that the screen has for the window, its frame not counted */
	enum phase phase;
};

extern struct view view;

/* made in window_linux.c */
GtkWidget *zw_label(const char *text, const char *style);
void zw_phase(enum phase p);

/* made in rows_linux.c */
int zw_chosen_row(void); /* -1: none */
void zw_watch_choice(void);
void zw_doze(void);        /* the button sleeps for WAKE from now */
gboolean zw_asleep(void);

/* The scrolled part is at least so high, in pixels, whatever else there is on a small screen. */
#define LEAST 120

/* What a window manager puts round the window: pixels on both sides together, and above and below together. */
#define FRAME_WIDTH 16
#define FRAME_HEIGHT 64

/* A click or key that was meant for another window must not sign: how long the button sleeps, in milliseconds. */
#define WAKE 600

/* in Go */
extern void goArrived(void);
extern void goShown(void);
extern void goChosen(int row);
extern void goCancelled(void);
extern void goClosed(void);
extern void goOrphaned(void);

#endif

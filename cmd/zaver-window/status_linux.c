// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo

// What goes on, and how it ended.

#include "parts.h"

static GString *spoken; // the result as the close button's description

// fit makes the window as large as its content asks and the screen lets it: what is wider wraps, what is higher scrolls, and the buttons
// stay in sight. It never gets narrower, so that the facts stay where they are. A scrolled window doesn't ask for the height that
// wrapped text needs at the width that it gets: it is told.
static void fit(void)
{
	static int width;
	int natural, height, hint, buttons;

	gtk_widget_get_preferred_width(view.body, NULL, &natural);
	width = MIN(MAX(width, natural), view.widest);
	gtk_widget_get_preferred_height_for_width(view.body, width, NULL, &height);
	gtk_widget_get_preferred_height_for_width(view.hint, width, NULL, &hint);
	gtk_widget_get_preferred_height_for_width(view.buttons, width, NULL, &buttons);
	height = MIN(height, MAX(view.highest - hint - buttons, LEAST));
	gtk_widget_set_size_request(view.scroll, width, height);
	gtk_window_resize(GTK_WINDOW(view.window), 1, 1);
}

void zw_phase(enum phase p)
{
	gboolean works = p == PHASE_WAIT || p == PHASE_WORK || p == PHASE_FINAL;

	view.phase = p;
	gtk_widget_set_visible(view.choice, p == PHASE_CHOOSE);
	gtk_widget_set_visible(view.hint, p == PHASE_CHOOSE);
	gtk_widget_set_visible(view.status, works);
	gtk_widget_set_visible(view.result, p == PHASE_RESULT);
	gtk_widget_set_visible(view.sign, p == PHASE_CHOOSE);
	gtk_widget_set_visible(view.decline, p == PHASE_WAIT || p == PHASE_CHOOSE || p == PHASE_WORK);
	gtk_widget_set_visible(view.close, p == PHASE_FINAL || p == PHASE_RESULT);
	g_object_set(view.spinner, "active", works, NULL);
	if (p != PHASE_WAIT && p != PHASE_CHOOSE)
		gtk_window_set_keep_above(GTK_WINDOW(view.window), FALSE); // the PIN dialog comes in front
	zw_watch_choice();
	if (view.scroll)
		fit();
}

static struct {
	guint timer;
	char *before, *behind;
	int seconds;
} countdown;

static void tell_left(void)
{
	char *all = g_strdup_printf("%s%d%s", countdown.before, countdown.seconds, countdown.behind);

	gtk_label_set_text(GTK_LABEL(view.left), all);
	g_free(all);
}

static void stop_countdown(void)
{
	if (countdown.timer)
		g_source_remove(countdown.timer);
	countdown.timer = 0;
	gtk_widget_set_no_show_all(view.left, TRUE);
	gtk_widget_hide(view.left);
}

static gboolean on_second(gpointer d)
{
	if (--countdown.seconds <= 0) {
		countdown.timer = 0; // removed by the answer
		stop_countdown();
		return G_SOURCE_REMOVE;
	}
	tell_left();
	return G_SOURCE_CONTINUE;
}

// zw_countdown tells the seconds that are left, until they or this step are over. It isn't read out: a voice each second would
// drown all else; who asks a screen reader for it hears it.
void zw_countdown(const char *before, const char *behind, int seconds)
{
	g_free(countdown.before);
	g_free(countdown.behind);
	countdown.before = g_strdup(before);
	countdown.behind = g_strdup(behind);
	countdown.seconds = seconds;
	countdown.timer = g_timeout_add_seconds(1, on_second, NULL);
	tell_left();
	gtk_widget_show(view.left);
	fit();
}

void zw_progress(const char *text, const char *detail, int final)
{
	stop_countdown();
	gtk_label_set_text(GTK_LABEL(view.text), text);
	gtk_label_set_text(GTK_LABEL(view.detail), detail);
	gtk_widget_set_visible(view.detail, *detail != 0);
	gtk_widget_set_no_show_all(view.detail, TRUE);
	zw_phase(final ? PHASE_FINAL : view.phase == PHASE_WAIT ? PHASE_WAIT : PHASE_WORK);
	gtk_widget_grab_focus(final ? view.close : view.decline);
}

void zw_result(const char *text, int good)
{
	GtkWidget *line = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 10), *mark = zw_label(good ? "\u2713" : "!", "zw-mark");

	gtk_style_context_add_class(gtk_widget_get_style_context(mark), good ? "zw-good" : "zw-bad");
	atk_object_set_name(gtk_widget_get_accessible(mark), " ");
	gtk_box_pack_start(GTK_BOX(line), mark, FALSE, FALSE, 0);
	gtk_box_pack_start(GTK_BOX(line), zw_label(text, "zw-heading"), FALSE, FALSE, 0);
	gtk_box_pack_start(GTK_BOX(view.result), line, FALSE, FALSE, 0);
	spoken = g_string_new(text);
}

void zw_result_line(const char *text)
{
	gtk_box_pack_start(GTK_BOX(view.result), zw_label(text, NULL), FALSE, FALSE, 0);
	g_string_append_printf(spoken, " %s", text);
}

static gboolean on_stayed(gpointer d)
{
	goClosed();
	return G_SOURCE_REMOVE;
}

void zw_result_end(int stay)
{
	stop_countdown();
	gtk_widget_show_all(view.result);
	atk_object_set_description(gtk_widget_get_accessible(view.close), spoken->str);
	g_string_free(spoken, TRUE);
	spoken = NULL;
	zw_phase(PHASE_RESULT);
	gtk_widget_set_can_default(view.close, TRUE);
	gtk_window_set_default(GTK_WINDOW(view.window), view.close);
	gtk_widget_grab_focus(view.close);
	gtk_window_set_urgency_hint(GTK_WINDOW(view.window), TRUE);
	g_timeout_add_seconds(stay, on_stayed, NULL);
}

static gboolean on_poke(gpointer d)
{
	goArrived();
	return G_SOURCE_REMOVE;
}

void zw_poke(void)
{
	g_idle_add(on_poke, NULL);
}

void zw_orphan(void)
{
	if (view.phase != PHASE_RESULT)
		goOrphaned();
}

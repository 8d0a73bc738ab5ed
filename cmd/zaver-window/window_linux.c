// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo

// The window itself: its frame, the facts, the buttons, and what keys do.

#include "parts.h"

struct view view;

// Colours are the theme's own, so that high contrast and dark themes hold; sizes are relative, so that large text does.
static const char style[] =
	".zw-heading { font-weight: bold; font-size: 125%; }"
	".zw-strong { font-weight: bold; }"
	".zw-code { font-family: monospace; font-weight: bold; font-size: 260%; letter-spacing: 0.3em; }"
	".zw-frame { border: 1px solid @borders; border-radius: 6px; padding: 8px 14px; }"
	".zw-row { border: 1px solid @borders; border-radius: 6px; padding: 8px 10px; margin: 0 0 6px 0; }"
	".zw-note, .zw-note:disabled { font-style: italic; color: @theme_fg_color; }" // a reason is read where its row is grey, too
	".zw-mark { font-weight: bold; font-size: 200%; }"
	".zw-good { color: @success_color; }"
	".zw-bad { color: @error_color; }";

int zw_init(void)
{
	GtkCssProvider *css;

	if (!gtk_init_check(NULL, NULL))
		return 0;
	g_set_prgname("zaver-window");
	css = gtk_css_provider_new();
	gtk_css_provider_load_from_data(css, style, -1, NULL);
	gtk_style_context_add_provider_for_screen(gdk_screen_get_default(), GTK_STYLE_PROVIDER(css),
						  GTK_STYLE_PROVIDER_PRIORITY_APPLICATION);
	return 1;
}

// Labels never take markup: their texts come from certificates.
GtkWidget *zw_label(const char *text, const char *class)
{
	GtkWidget *l = gtk_label_new(text);
	PangoAttrList *exact = pango_attr_list_new();

	pango_attr_list_insert(exact, pango_attr_insert_hyphens_new(FALSE)); // an address with a hyphen is another address
	gtk_label_set_attributes(GTK_LABEL(l), exact);
	pango_attr_list_unref(exact);
	gtk_label_set_xalign(GTK_LABEL(l), 0);
	gtk_label_set_line_wrap(GTK_LABEL(l), TRUE);
	gtk_label_set_line_wrap_mode(GTK_LABEL(l), PANGO_WRAP_WORD_CHAR);
	gtk_label_set_max_width_chars(GTK_LABEL(l), 58);
	if (class)
		gtk_style_context_add_class(gtk_widget_get_style_context(l), class);
	return l;
}

// leave is what Escape, the window's own button and the second button do.
static void leave(void)
{
	gtk_widget_hide(view.window);
	if (view.phase == PHASE_FINAL || view.phase == PHASE_RESULT)
		goClosed();
	else
		goCancelled();
}

static gboolean on_delete(GtkWidget *w, GdkEvent *e, gpointer d)
{
	leave();
	return TRUE;
}

// quiet is until when keys are taken for those of another window: they begin to come here when this window gets the focus.
static gint64 quiet;

static gboolean on_focus(GtkWidget *w, GdkEvent *e, gpointer d)
{
	quiet = g_get_monotonic_time() + WAKE * G_TIME_SPAN_MILLISECOND;
	return FALSE;
}

static gboolean on_key(GtkWidget *w, GdkEventKey *e, gpointer d)
{
	if (e->keyval == GDK_KEY_Escape) {
		leave();
		return TRUE;
	}
	if (view.phase != PHASE_CHOOSE || g_get_monotonic_time() >= quiet)
		return FALSE;
	if (gtk_window_get_focus(GTK_WINDOW(w)) != view.sign && !(e->state & GDK_MOD1_MASK))
		return FALSE; // it can't sign
	on_focus(w, NULL, NULL); // who goes on typing goes on meaning another window
	return TRUE;
}

// on_press sees every click before what it was meant for does.
static void on_press(GtkGestureMultiPress *g, int n, double x, double y, gpointer d)
{
	if (view.phase == PHASE_CHOOSE && zw_asleep())
		zw_doze();
}

static void on_sign(GtkButton *b, gpointer d)
{
	int row = zw_chosen_row();

	if (view.phase != PHASE_CHOOSE || row < 0)
		return;
	zw_phase(PHASE_WORK);
	goChosen(row);
}

static gboolean on_map(GtkWidget *w, GdkEvent *e, gpointer d)
{
	static gboolean told;

	if (!told)
		goShown();
	told = TRUE;
	zw_doze(); // the list may have come long before
	return FALSE;
}

void zw_new(const char *title, const char *heading)
{
	AtkObject *a;
	GtkGesture *press; // lives as long as the program

	view.window = gtk_window_new(GTK_WINDOW_TOPLEVEL);
	gtk_window_set_title(GTK_WINDOW(view.window), title);
	gtk_window_set_type_hint(GTK_WINDOW(view.window), GDK_WINDOW_TYPE_HINT_DIALOG);
	gtk_window_set_position(GTK_WINDOW(view.window), GTK_WIN_POS_CENTER_ALWAYS);
	gtk_window_set_keep_above(GTK_WINDOW(view.window), TRUE); // until the choice: browsers are in front of a new window otherwise
	gtk_window_set_icon_name(GTK_WINDOW(view.window), "zaver");
	a = gtk_widget_get_accessible(view.window);
	atk_object_set_role(a, ATK_ROLE_DIALOG); // screen readers read a dialog's labels when it opens
	g_signal_connect(view.window, "delete-event", G_CALLBACK(on_delete), NULL);
	g_signal_connect(view.window, "key-press-event", G_CALLBACK(on_key), NULL);
	g_signal_connect(view.window, "map-event", G_CALLBACK(on_map), NULL);
	g_signal_connect(view.window, "focus-in-event", G_CALLBACK(on_focus), NULL);
	press = gtk_gesture_multi_press_new(view.window);
	gtk_gesture_single_set_button(GTK_GESTURE_SINGLE(press), 0);
	gtk_event_controller_set_propagation_phase(GTK_EVENT_CONTROLLER(press), GTK_PHASE_CAPTURE);
	g_signal_connect(press, "pressed", G_CALLBACK(on_press), NULL);

	view.body = gtk_box_new(GTK_ORIENTATION_VERTICAL, 12);
	gtk_container_set_border_width(GTK_CONTAINER(view.body), 18);
	gtk_box_pack_start(GTK_BOX(view.body), zw_label(heading, "zw-heading"), FALSE, FALSE, 0);
	view.facts = gtk_box_new(GTK_ORIENTATION_VERTICAL, 4);
	view.labels = gtk_size_group_new(GTK_SIZE_GROUP_HORIZONTAL);
	gtk_box_pack_start(GTK_BOX(view.body), view.facts, FALSE, FALSE, 0);
}

// Facts are lines of a box, not a grid: screen readers read them in this order.
void zw_fact(const char *label, const char *value, int strong)
{
	GtkWidget *line = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 12);
	GtkWidget *l = zw_label(label, NULL), *v = zw_label(value, strong ? "zw-strong" : NULL);
	AtkObject *la = gtk_widget_get_accessible(l), *va = gtk_widget_get_accessible(v);

	gtk_label_set_yalign(GTK_LABEL(l), 0);
	gtk_label_set_line_wrap(GTK_LABEL(l), FALSE);
	gtk_label_set_max_width_chars(GTK_LABEL(v), 40);
	gtk_size_group_add_widget(view.labels, l);
	atk_object_add_relationship(va, ATK_RELATION_LABELLED_BY, la);
	atk_object_add_relationship(la, ATK_RELATION_LABEL_FOR, va);
	gtk_box_pack_start(GTK_BOX(line), l, FALSE, FALSE, 0);
	gtk_box_pack_start(GTK_BOX(line), v, TRUE, TRUE, 0);
	gtk_box_pack_start(GTK_BOX(view.facts), line, FALSE, FALSE, 0);
}

void zw_code(const char *label, const char *digits, const char *spoken)
{
	GtkWidget *frame = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 18), *d = zw_label(digits, "zw-code");

	gtk_style_context_add_class(gtk_widget_get_style_context(frame), "zw-frame");
	gtk_label_set_line_wrap(GTK_LABEL(d), FALSE);
	atk_object_set_name(gtk_widget_get_accessible(d), spoken);
	gtk_box_pack_start(GTK_BOX(frame), zw_label(label, NULL), FALSE, FALSE, 0);
	gtk_box_pack_end(GTK_BOX(frame), d, FALSE, FALSE, 0);
	gtk_box_pack_start(GTK_BOX(view.body), frame, FALSE, FALSE, 0);
}

static GtkWidget *button(const char *text, void (*pressed)(GtkButton *, gpointer), GtkWidget *into)
{
	GtkWidget *b = gtk_button_new_with_mnemonic(text);

	g_signal_connect(b, "clicked", G_CALLBACK(pressed), NULL);
	gtk_widget_set_no_show_all(b, TRUE);
	gtk_widget_show(gtk_bin_get_child(GTK_BIN(b)));
	gtk_container_add(GTK_CONTAINER(into), b);
	return b;
}

// The choice, the status and the result share one place; the phase says which is seen.
static void middle(const char *choose, const char *hint)
{
	GtkWidget *line = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 10), *both = gtk_box_new(GTK_ORIENTATION_VERTICAL, 4);

	view.choice = gtk_box_new(GTK_ORIENTATION_VERTICAL, 6);
	view.choose = zw_label(choose, "zw-strong");
	view.rows = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);
	view.hint = zw_label(hint, "zw-strong");
	g_object_set(view.hint, "margin", 12, "margin-bottom", 0, NULL);
	gtk_box_pack_start(GTK_BOX(view.choice), view.choose, FALSE, FALSE, 0);
	gtk_box_pack_start(GTK_BOX(view.choice), view.rows, FALSE, FALSE, 0);

	view.status = line;
	view.spinner = gtk_spinner_new();
	view.text = zw_label("", "zw-strong");
	view.detail = zw_label("", NULL);
	view.left = zw_label("", NULL);
	atk_object_set_role(gtk_widget_get_accessible(view.text), ATK_ROLE_STATUSBAR); // its changes are read out
	gtk_widget_set_valign(view.spinner, GTK_ALIGN_START);
	atk_object_set_role(gtk_widget_get_accessible(view.spinner), ATK_ROLE_FILLER); // says nothing that the text doesn't
	atk_object_set_name(gtk_widget_get_accessible(view.spinner), "");
	atk_object_set_description(gtk_widget_get_accessible(view.spinner), "");
	gtk_box_pack_start(GTK_BOX(both), view.text, FALSE, FALSE, 0);
	gtk_box_pack_start(GTK_BOX(both), view.detail, FALSE, FALSE, 0);
	gtk_box_pack_start(GTK_BOX(both), view.left, FALSE, FALSE, 0);
	gtk_box_pack_start(GTK_BOX(line), view.spinner, FALSE, FALSE, 0);
	gtk_box_pack_start(GTK_BOX(line), both, FALSE, FALSE, 0);

	view.result = gtk_box_new(GTK_ORIENTATION_VERTICAL, 6);
	atk_object_set_role(gtk_widget_get_accessible(view.result), ATK_ROLE_ALERT);
	gtk_box_pack_start(GTK_BOX(view.body), view.choice, FALSE, FALSE, 0);
	gtk_box_pack_start(GTK_BOX(view.body), view.status, FALSE, FALSE, 0);
	gtk_box_pack_start(GTK_BOX(view.body), view.result, FALSE, FALSE, 0);
}

static void on_leave(GtkButton *b, gpointer d)
{
	leave();
}

void zw_words(const char *choose, const char *hint, const char *sign, const char *decline, const char *close)
{
	GtkWidget *all = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0), *scroll = view.scroll = gtk_scrolled_window_new(NULL, NULL);
	GtkWidget *buttons = view.buttons = gtk_button_box_new(GTK_ORIENTATION_HORIZONTAL);
	GdkRectangle area = {0, 0, 1024, 768};
	GdkMonitor *monitor = gdk_display_get_monitor(gdk_display_get_default(), 0);

	middle(choose, hint);
	// Large text on a small screen scrolls, and the buttons stay in sight.
	if (monitor)
		gdk_monitor_get_workarea(monitor, &area);
	gtk_scrolled_window_set_policy(GTK_SCROLLED_WINDOW(scroll), GTK_POLICY_NEVER, GTK_POLICY_AUTOMATIC);
	gtk_scrolled_window_set_overlay_scrolling(GTK_SCROLLED_WINDOW(scroll), FALSE); // who doesn't see a bar thinks that this is all
	view.widest = area.width - FRAME_WIDTH;
	view.highest = area.height - FRAME_HEIGHT;
	gtk_container_add(GTK_CONTAINER(scroll), view.body);
	// The row in focus is scrolled to.
	gtk_container_set_focus_vadjustment(GTK_CONTAINER(view.rows), gtk_scrolled_window_get_vadjustment(GTK_SCROLLED_WINDOW(scroll)));
	gtk_container_set_border_width(GTK_CONTAINER(buttons), 12);
	gtk_button_box_set_layout(GTK_BUTTON_BOX(buttons), GTK_BUTTONBOX_END);
	gtk_box_set_spacing(GTK_BOX(buttons), 8);
	view.decline = button(decline, on_leave, buttons);
	view.sign = button(sign, on_sign, buttons);
	view.close = button(close, on_leave, buttons);
	gtk_style_context_add_class(gtk_widget_get_style_context(view.sign), "suggested-action");
	gtk_box_pack_start(GTK_BOX(all), scroll, TRUE, TRUE, 0);
	gtk_box_pack_start(GTK_BOX(all), gtk_separator_new(GTK_ORIENTATION_HORIZONTAL), FALSE, FALSE, 0);
	gtk_box_pack_start(GTK_BOX(all), view.hint, FALSE, FALSE, 0);
	gtk_box_pack_start(GTK_BOX(all), buttons, FALSE, FALSE, 0);
	gtk_container_add(GTK_CONTAINER(view.window), all);
}

void zw_show(void)
{
	gtk_widget_show_all(gtk_bin_get_child(GTK_BIN(view.window)));
	zw_phase(view.phase);
	gtk_widget_show(view.window);
}

void zw_run(void)
{
	gtk_main();
}

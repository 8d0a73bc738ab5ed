// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo

// The list of certificates: one radio button each.

#include "parts.h"

static GtkWidget *none; // in the group, never shown: it is active until the person chooses
static GtkWidget *last; // the labels of the row that is being made
static GtkWidget *first_usable, *chosen_first;
static GSList *radios; // those of the list
static gboolean awake;
static guint waking;

static void on_toggled(GtkToggleButton *b, gpointer d)
{
	zw_watch_choice();
}

static gboolean on_awake(gpointer d)
{
	awake = TRUE;
	waking = 0;
	zw_watch_choice();
	return G_SOURCE_REMOVE;
}

// zw_doze puts the button to sleep: when the list came, when the window came on the screen, and whenever somebody goes on clicking or
// typing meanwhile, who was busy with another window.
void zw_doze(void)
{
	awake = FALSE;
	if (waking)
		g_source_remove(waking);
	waking = g_timeout_add(WAKE, on_awake, NULL);
	zw_watch_choice();
}

gboolean zw_asleep(void)
{
	return !awake;
}

int zw_chosen_row(void)
{
	GSList *i;

	for (i = radios; i; i = i->next)
		if (gtk_toggle_button_get_active(i->data) && gtk_widget_get_sensitive(i->data))
			return GPOINTER_TO_INT(g_object_get_data(i->data, "row"));
	return -1;
}

// zw_watch_choice keeps the button asleep until there is something that it could sign with.
void zw_watch_choice(void)
{
	gtk_widget_set_sensitive(view.sign, awake && view.phase == PHASE_CHOOSE && zw_chosen_row() >= 0);
}

static void drop(GtkWidget *w, gpointer d)
{
	gtk_widget_destroy(w);
}

void zw_rows_begin(void)
{
	gtk_container_foreach(GTK_CONTAINER(view.rows), drop, NULL);
	g_slist_free(radios);
	radios = NULL;
	last = first_usable = chosen_first = NULL;
	if (!none) {
		none = gtk_radio_button_new(NULL);
		g_object_ref_sink(none);
	}
	gtk_toggle_button_set_active(GTK_TOGGLE_BUTTON(none), TRUE);
}

static gboolean on_draw_focus(GtkWidget *w, cairo_t *c, gpointer d)
{
	if (gtk_widget_has_visible_focus(w))
		gtk_render_focus(gtk_widget_get_style_context(w), c, 0, 0, gtk_widget_get_allocated_width(w),
				 gtk_widget_get_allocated_height(w));
	return FALSE;
}

// readable wraps a grey row, which takes no keys itself, in something that they stop at, so that its reason is read out, too.
static GtkWidget *readable(GtkWidget *r, const char *title, const char *spoken)
{
	GtkWidget *w = gtk_event_box_new();
	AtkObject *a = gtk_widget_get_accessible(w);
	char *all = g_strconcat(title, ". ", spoken, NULL);

	atk_object_set_name(a, all);
	atk_object_set_role(a, ATK_ROLE_STATIC);
	g_free(all);
	gtk_widget_set_can_focus(w, TRUE);
	gtk_container_add(GTK_CONTAINER(w), r);
	g_signal_connect_after(w, "draw", G_CALLBACK(on_draw_focus), NULL);
	return w;
}

void zw_row(int row, const char *title, const char *spoken, int usable, int chosen)
{
	GtkWidget *r = gtk_radio_button_new_from_widget(GTK_RADIO_BUTTON(none)), *l = zw_label(title, "zw-strong");
	AtkObject *a = gtk_widget_get_accessible(r);

	last = gtk_box_new(GTK_ORIENTATION_VERTICAL, 2);
	gtk_widget_set_margin_start(last, 6);
	gtk_box_pack_start(GTK_BOX(last), l, FALSE, FALSE, 0);
	gtk_container_add(GTK_CONTAINER(r), last);
	gtk_style_context_add_class(gtk_widget_get_style_context(r), "zw-row");
	g_object_set_data(G_OBJECT(r), "row", GINT_TO_POINTER(row));
	atk_object_set_name(a, title);
	atk_object_set_description(a, spoken);
	gtk_widget_set_sensitive(r, usable);
	if (usable && !first_usable)
		first_usable = r;
	if (usable && chosen) {
		chosen_first = r;
		gtk_toggle_button_set_active(GTK_TOGGLE_BUTTON(r), TRUE);
	}
	g_signal_connect(r, "toggled", G_CALLBACK(on_toggled), NULL);
	gtk_box_pack_start(GTK_BOX(view.rows), usable ? r : readable(r, title, spoken), FALSE, FALSE, 0);
	radios = g_slist_append(radios, r);
}

void zw_row_line(const char *text, int note)
{
	gtk_box_pack_start(GTK_BOX(last), zw_label(text, note ? "zw-note" : NULL), FALSE, FALSE, 0);
}

void zw_rows_end(void)
{
	gtk_widget_show_all(view.rows);
	zw_doze();
	zw_phase(PHASE_CHOOSE);
	if (chosen_first || first_usable)
		gtk_widget_grab_focus(chosen_first ? chosen_first : first_usable);
	else
		gtk_widget_grab_focus(view.decline);
}

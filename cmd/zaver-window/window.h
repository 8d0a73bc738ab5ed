/* SPDX-License-Identifier: Apache-2.0 */

/* What Go asks of GTK. All functions but zw_poke are called on GTK's thread. Texts are UTF-8 and copied. */
#ifndef ZAVER_WINDOW_H
#define ZAVER_WINDOW_H

int zw_init(void); /* 0: there is no display */
void zw_new(const char *title, const char *heading);
void zw_fact(const char *label, const char *value, int strong);
void zw_code(const char *label, const char *digits, const char *spoken);
void zw_words(const char *choose, const char *hint, const char *sign, const char *decline, const char *close);
void zw_show(void);
void zw_run(void);

void zw_rows_begin(void);
void zw_row(int row, const char *title, const char *spoken, int usable, int chosen);
void zw_row_line(const char *text, int note);
void zw_rows_end(void);

void zw_progress(const char *text, const char *detail, int final);
void zw_countdown(const char *before, const char *behind, int seconds);
void zw_result(const char *text, int good);
void zw_result_line(const char *text);
void zw_result_end(int stay);

void zw_poke(void);   /* from any thread: goArrived is to run on GTK's */
void zw_orphan(void); /* the agent is gone */

#endif

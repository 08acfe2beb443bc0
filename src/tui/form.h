/* SPDX-License-Identifier: Apache-2.0 */
/* form.h - forms: labelled fields on lines, then buttons. form.c moves, edits and draws; each form says in a struct
 * form_class what its fields are and what its buttons do. */
#ifndef BERTH_TUI_FORM_H
#define BERTH_TUI_FORM_H

#include "tui/views.h"

#define FORM_FIELDS 18
#define FORM_WORDS 64

enum field_kind { FIELD_TEXT, FIELD_SECRET, FIELD_CHECK, FIELD_RADIO, FIELD_MORE };

struct field {
	const char *label;
	const char *hint;  /* behind the field; NULL: none */
	const char *help;  /* on the message line while the cursor is in it */
	enum field_kind kind;
	int row, x, width; /* 80 columns: row in the form, column of the label, of what is typed; narrow: a row each */
	int at;            /* column of the '[' */
	const char *choices; /* RADIO: "a|b" in words; TEXT: what ^N offers; NULL: earlier input */
	bool more;         /* seen once "More ..." was opened */
};

struct formview;

struct form_class {
	const char *title, *verb; /* "Run a container", "run" */
	const struct field *fields;
	int nfields;
	const char *buttons[3]; /* the last one cancels */
	const char *words[3];   /* in the hints: "run" */
	bool private;           /* no draft is kept of it */
	bool over;              /* its lines stand over the view below, which stays */
	void (*head)(const struct formview *f, struct buf *b); /* over: its first line */
	const char *foot;       /* over: a line below the fields, "label|text" */
	const char *about;      /* above the last lines while the cursor is on a button; "" nothing */
	void (*open)(struct formview *f, const struct form_arg *a);
	void (*close)(struct formview *f);
	/* Sets f->error of each field that is wrong. Drawn, and asked again before a button is pressed. */
	void (*check)(struct formview *f);
	void (*press)(struct formview *f, int button);
	/* What the button would run as a command; may be NULL. */
	void (*command)(struct formview *f, int button, struct buf *b);
	/* Of a field: what stands behind it; true: it was told. May be NULL. */
	bool (*hint)(struct formview *f, int field, char *ret, size_t max);
	/* Of a field that is empty: what it would be; may be NULL. */
	void (*empty)(struct formview *f, int field, char *ret, size_t max);
	/* The line above the last; may be NULL. */
	void (*note)(struct formview *f, struct buf *b);
	/* Values for ^N, each added by form_choice_add; may be NULL. */
	void (*choices)(struct formview *f, int field, struct buf *b);
	/* Text changed; may be NULL. */
	void (*changed)(struct formview *f, int field);
};

struct formview {
	struct view v;
	const struct form_class *cls;
	char id[65], name[80]; /* of what it is for; "" */
	struct line line[FORM_FIELDS];
	bool on[FORM_FIELDS];  /* CHECK; RADIO: the first of the two */
	char error[FORM_FIELDS][120];
	int cur;               /* fields, then buttons */
	int pressing;          /* the button whose press is being checked */
	char key[300];         /* what it is for, so that a draft finds it again */
	bool more;             /* "More ..." is open */
	bool pressed;          /* a button was: errors of all fields are shown */
	bool touched, done;    /* by the user; a button was pressed and it worked */
	const char *word;      /* in the hints, of the first button; NULL: the class's */
	char busy[120];        /* what a button began and waits for; "" nothing */
	void *own;             /* the class's */
};

extern const struct form_class form_run, form_exec, form_pull, form_signal, form_label, form_login, form_registry, form_import, form_edit, form_save;

/* A field's text is wrong, and why. */
void form_refuse(struct formview *f, int field, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* Ends the form, whose draft is not kept. */
void form_done(struct formview *f);
/* Cuts at blanks, in place; quotes as in a shell keep them. Returns how many words, NULL behind them; -1 for an open
 * quote or too many. */
int form_split(char *text, const char *words[static FORM_WORDS + 1]);
/* Appends a blank and the word, quoted where a shell would need it. */
void form_quote(struct buf *b, const char *word);

bool form_visible(const struct formview *f, int field);
void form_draw(struct view *v, struct canvas *c, int top, int bottom);
void form_check(struct formview *f);
int form_buttons(const struct formview *f);

/* A list of values, a line each, of which one goes into the field (view-choose.c). */
struct choose_arg {
	struct formview *form;
	int field;
	const char *title, *values;
};
extern const struct view_class view_choose;

/* --- what was typed earlier in this session (form-memory.c) */

/* true: there was one, and it is in the fields now. key: what the form is for. */
bool form_draft_take(struct formview *f, const char *key);
void form_draft_keep(struct formview *f, const char *key);
void form_history_add(struct formview *f);
/* The field's earlier texts, newest first, a line each. */
void form_history(const struct formview *f, int field, struct buf *b);
void form_memory_finish(struct app *app);

#endif

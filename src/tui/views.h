/* SPDX-License-Identifier: Apache-2.0 */
/* views.h - all views, and what each is opened with. */
#ifndef BERTH_TUI_VIEWS_H
#define BERTH_TUI_VIEWS_H

#include "tui/app.h"

struct task;

extern const struct view_class view_containers; /* NULL; home, and the first screen while there is none */
extern const struct view_class view_images;     /* NULL */
extern const struct view_class view_layers;     /* const char *: the image's id */
extern const struct view_class view_jobs;       /* NULL */
extern const struct view_class view_consoles;   /* NULL */
extern const struct view_class view_trash;      /* NULL */
extern const struct view_class view_host;       /* NULL */
extern const struct view_class view_pull;       /* struct task * */
extern const struct view_class view_console;    /* struct console_arg */
extern const struct view_class view_form;       /* struct form_arg */
extern const struct view_class view_text;       /* struct text_arg */
extern const struct view_class view_detail;     /* struct ctr_arg */
extern const struct view_class view_logs;       /* struct logs_arg; NULL: of the marked, else of all up */
extern const struct view_class view_sources;    /* struct logview * */
extern const struct view_class view_select;     /* struct select_arg */
extern const struct view_class view_events;     /* NULL */
extern const struct view_class view_messages;   /* NULL */
extern const struct view_class view_help;       /* enum key_ctx * */
extern const struct view_class view_command;    /* const char *: the line, without berth */
extern const struct view_class view_palette;    /* struct view *, whose actions are listed */

bool view_pull_is(const struct view *v, const struct task *t);

struct console_arg {
	const char *id; /* of the container */
	const char *name;
	unsigned n;
	bool start;     /* the container is to be started; n is 0 */
	/* Streams that are there already, of an exec; NULL: to be attached. Taken over. */
	const struct berth_streams *streams;
	const char *exec_id;
};

enum form_kind { FORM_RUN, FORM_EXEC, FORM_PULL, FORM_SIGNAL, FORM_LABEL, FORM_LOGIN /* which a pull waits for */, FORM_REGISTRY, FORM_IMPORT, FORM_EDIT, FORM_SAVE };
struct form_arg {
	enum form_kind kind;
	const char *image;   /* FORM_RUN, FORM_PULL: filled in; may be NULL. FORM_LABEL: what gets a name; FORM_SAVE:
			      * what is written */
	const char *command; /* FORM_RUN; may be NULL */
	const char *ports;
	const char *id, *name; /* FORM_EXEC, FORM_SIGNAL, FORM_EDIT, FORM_SAVE: the container */
	int pid;               /* FORM_SIGNAL: of it, with command and when it began; 0: the main process */
	int64_t started;
	const char *host;      /* FORM_LOGIN: of the registry */
	struct task *task;     /* FORM_LOGIN: goes on once the login is right */
	bool first;            /* FORM_IMPORT: what came in is to be run */
};

/* In their order. */
enum detail_section {
	DETAIL_SUMMARY, DETAIL_STATS, DETAIL_PROCESSES, DETAIL_EVENTS, DETAIL_CONSOLES, DETAIL_ENVIRONMENT, DETAIL_MOUNTS,
	DETAIL_SECTIONS
};

struct ctr_arg {
	const char *id, *name;
	enum detail_section section; /* where the detail goes once it is there */
};

/* Can there be that section? Else the user is told why not. */
bool detail_has(struct app *app, const struct ctr *c, enum detail_section section);

/* The ids that are marked at home; they live until the list changes. */
size_t home_marked(const struct app *app, const char **ret, size_t max);
/* Those that are up, as the list has them; what a filter hides there comes last. */
size_t home_up(const struct app *app, const char **ret, size_t max);

struct logs_arg {
	const char *const *ids;
	size_t n;
};

enum text_kind { TEXT_RAW, TEXT_IMAGE, TEXT_BOOT };
struct text_arg {
	enum text_kind kind;
	const char *id, *name;
};

struct select_arg {
	const char *text; /* lines; copied */
	size_t len;
	int row, col;     /* of the cursor; row -1: the last one */
	const char *name;
	bool begin, find; /* with a selection begun, with the line that asks what to find */
};

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* form-file.h - forms that wait for a file to be read or written. Closing one before it is done cancels; then nothing was done. */
#ifndef BERTH_TUI_FORM_FILE_H
#define BERTH_TUI_FORM_FILE_H

#include "tui/form.h"

/* The call under way, the form's own; the form may be gone when it ends. */
struct form_file {
	struct formview *form; /* NULL: it is gone */
	struct app *app;
	struct berth_op *op;
	const char *doing; /* "reading" */
	char path[LINE_MAX_BYTES];
	bool run; /* of an import: the form to run it is next */
};

/* For struct form_class. */
struct form_file *form_file_open(struct formview *f, const char *doing);
void form_file_close(struct formview *f);
/* A button was pressed: the call begins, unless one is under way already. Its path is that of the first field, its
 * command goes to the messages; call returns as it began. */
void form_file_press(struct formview *f, int button, int (*call)(struct formview *f, struct form_file *l, struct berth_error *e));
/* As berth_progress_cb. */
void form_file_progress(void *arg, const struct berth_progress *p);
/* The call has ended: the form stays for another try if that failed (then l is its own again: true), else it goes, if it is
 * still there; l is then the caller's to free. canceled: the words for that. */
bool form_file_failed(struct form_file *l, int rc, const struct berth_error *e, const char *canceled);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* tui-doc.h - docs/TUI.md: its screens and its table. "{C:logs}" in a text or among keys stands for the first key of
 * that row of the table of keys (keys.h), and must be there. */
#ifndef BERTH_TESTS_TUI_TUI_DOC_H
#define BERTH_TESTS_TUI_TUI_DOC_H

#include "tests/tui/golden.h"

struct doc_page {
	const char *group; /* begins one; NULL: the one above goes on */
	const char *title, *what;
	const char *scene; /* whose store and guests are shown (golden.h); NULL: the usual */
	const char *keys;  /* in place of the scene's; NULL: the scene's own */
	int rows, cols;    /* 0: 24, 80 */
	void (*model)(struct fake *f); /* more of the store; NULL: nothing more */
};

struct doc_feature {
	const char *what;
	enum { DOC_YES, DOC_PARTLY, DOC_NO } have;
	const char *note;
};

/* Each ends with a row without words. */
extern const struct doc_page doc_pages[];
extern const struct doc_feature doc_features[];

#endif

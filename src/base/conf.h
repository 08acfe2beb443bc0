/* SPDX-License-Identifier: Apache-2.0 */
/* conf.h - the configuration file: one const table of its options, from which the reader, `berth config check`,
 * `berth config defaults` and berth-config(5) are made.
 *
 * The file is an INI file: [section], "key = value" lines, comments behind '#' or ';' at the begin of a line and
 * behind " ;". A line that is wrong keeps the default and is remembered as an issue: no file makes conf_load fail.
 * Bounded: CONF_FILE_MAX bytes, CONF_LINE_MAX a line, CONF_ISSUES_MAX issues, CONF_ENTRIES_MAX entries. */
#ifndef BERTH_BASE_CONF_H
#define BERTH_BASE_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define CONF_FILE_MAX (256u << 10)
#define CONF_LINE_MAX 190
#define CONF_ISSUES_MAX 100
#define CONF_ENTRIES_MAX 1000

/* An option is added here, in conf-table.c, and where it is read: the table holds nothing that nothing reads. */
enum conf_id {
	CONF_RUN_CPUS,
	CONF_RUN_MEMORY,
	CONF_RUN_ROOT_SIZE,
	CONF_RUN_PIDS_LIMIT,
	CONF_RUN_NETWORK,
	CONF_RUN_STOP_TIMEOUT,
	CONF_RUN_LOG_SIZE,
	CONF_RUN_LOG_FILES,
	CONF_PULL_PARALLEL,
	CONF_PULL_MAX_SIZE,
	CONF_PULL_PLAIN_HTTP,
	CONF_PULL_NO_VERIFY,
	CONF_PULL_MIRRORS,
	CONF_PULL_TOKEN_SERVERS,
	CONF_PUSH_PIECE_SIZE,
	CONF_UI_START,
	CONF_UI_MOUSE,
	CONF_UI_CONFIRM,
	CONF_UI_STATS,
	CONF_UI_READ_ONLY,
	CONF_UI_CLIPBOARD,
	CONF_CONSOLE_PREFIX,
	CONF_CONSOLE_PASTE_GUARD,
	CONF_CONSOLE_SCROLLBACK,
	CONF_CONSOLE_GUEST_CLIPBOARD,
	CONF_CONSOLE_BELL,
	CONF_CONSOLE_DETACH_KEYS,
	CONF_CONSOLE_DELAY_MS,
	CONF_LOGS_FOLLOW,
	CONF_LOGS_TIME,
	CONF_LOGS_WRAP,
	CONF_LOGS_TAIL,
	CONF_COUNT
};

enum conf_type {
	CONF_BOOL,     /* yes, no, on, off, true, false */
	CONF_NUMBER,   /* whole, from min to max */
	CONF_DECIMAL,  /* "1.5": thousandths in the number, as are min and max */
	CONF_SIZE,     /* "512m": bytes */
	CONF_DURATION, /* "10s", "200ms": milliseconds; the word choices, if there is one, stands for 0 */
	CONF_CHOICE,   /* one of the words; the number is its index */
	CONF_TEXT,     /* anything, also nothing */
	CONF_WORDS,    /* words with blanks between */
};

struct conf_option {
	const char *section, *key;
	enum conf_type type;
	uint64_t min, max;
	const char *choices; /* "a|b|c" of CONF_CHOICE; "off" of CONF_DURATION */
	const char *def;     /* as one would write it; "": see help */
	const char *help;    /* sentences for berth-config(5) and the comments of the defaults */
};
extern const struct conf_option conf_options[CONF_COUNT];

/* Sections of free names, whose lines are handed over in order for others to judge. */
struct conf_section {
	const char *name;    /* "keys" */
	const char *pattern; /* "CONTEXT.KEY = ACTION" */
	const char *help;
	const char *example; /* a line, as a comment of the defaults */
};
extern const struct conf_section conf_sections[]; /* name NULL ends them */

struct conf_entry {
	const char *section; /* of conf_sections */
	char *name;          /* "containers.F5", "bad": what is left of "="; of [keys] the key may be ":" or "=" */
	char *value;         /* "restart" */
	int line;            /* from 1 */
	bool wrong;          /* so say those who judge entries */
};

struct conf_issue {
	int line;            /* 0: the file as a whole */
	char text[240];
};

struct conf {
	char *path;          /* of the file that was read; NULL: there is none */
	struct {
		char *text;  /* NULL: the default */
		uint64_t number;
		int line;
		bool wrong; /* a line was */
	} value[CONF_COUNT];
	struct conf_entry *entries;
	size_t nentries;
	struct conf_issue *issues; /* by line */
	size_t nissues;
	const struct conf *was; /* what holds where a line is wrong, until it is judged; NULL: the defaults */
};

/* path: of --config or BERTH_CONFIG; NULL: $XDG_CONFIG_HOME/berth/config (else ~/.config/berth/config), else
 * /etc/berth/config, where none is no issue. Gives all defaults where nothing else is said; -ENOMEM. */
int conf_load(struct conf *ret, const char *path);
/* A file that is read again: a line that is wrong leaves what was said before, all of it stays if the file cannot be read.
 * was must live until ret is judged, whose ->was is then set to NULL. */
int conf_load_after(struct conf *ret, const char *path, const struct conf *was);
/* The same from memory; path is only for words. No I/O. */
int conf_parse(struct conf *ret, const char *path, const char *text, size_t len);
/* At ease with a zeroed one. */
void conf_finish(struct conf *c);

bool conf_given(const struct conf *c, enum conf_id id); /* by the file */
bool conf_bool(const struct conf *c, enum conf_id id);
uint64_t conf_number(const struct conf *c, enum conf_id id);
const char *conf_text(const struct conf *c, enum conf_id id);
/* Is word one of a CONF_WORDS option's? */
bool conf_has_word(const struct conf *c, enum conf_id id, const char *word);

/* For those who judge entries: what an entry of that name said before, and was right; NULL: there was none. */
const char *conf_entry_before(const struct conf *c, const struct conf_entry *entry);
/* For those who judge values further: the default holds, or what was before, and an issue says why. */
void conf_reject(struct conf *c, enum conf_id id, const char *why);
/* For those who judge entries: another issue. Once memory or room is out it is dropped. */
void conf_add_issue(struct conf *c, int line, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* "FILE:LINE: text" of an issue. */
void conf_issue_str(const struct conf *c, const struct conf_issue *i, char *ret, size_t max);

/* A whole file with each option as a comment; and the list of options as mdoc. 0 or -ENOMEM. */
int conf_print_defaults(struct buf *out);
int conf_print_man(struct buf *out);

#endif

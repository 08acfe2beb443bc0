/* SPDX-License-Identifier: Apache-2.0 */
/* conf-table.c - the options of the configuration file, and what is printed of them. */
#include <errno.h>
#include <string.h>

#include "base/conf.h"
#include "base/str.h"

const struct conf_option conf_options[CONF_COUNT] = {
	[CONF_RUN_CPUS] = { "run", "cpus", CONF_DECIMAL, 10, 64000, NULL, "1",
			    "CPUs of a new container that is not given --cpus." },
	[CONF_RUN_MEMORY] = { "run", "memory", CONF_SIZE, 6ull << 20, 1ull << 44, NULL, "",
			      "Memory limit of a new container that is not given --memory. Without one, the container "
			      "has what its virtual machine of 512 MiB has." },
	[CONF_RUN_ROOT_SIZE] = { "run", "root-size", CONF_SIZE, 16ull << 20, 1ull << 44, NULL, "8g",
				 "Size of the writable disk of a new container; it takes no room until it is used." },
	[CONF_RUN_PIDS_LIMIT] = { "run", "pids-limit", CONF_NUMBER, 0, 4194304, NULL, "0",
				  "Limit of processes of a new container; 0 is none." },
	[CONF_RUN_NETWORK] = { "run", "network", CONF_CHOICE, 0, 0, "host-user|none", "host-user",
			       "Network of a new container that is not given --network." },
	[CONF_RUN_STOP_TIMEOUT] = { "run", "stop-timeout", CONF_DURATION, 0, 86400000, NULL, "10s",
				    "How long berth stop waits for a new container before it sends KILL." },
	[CONF_RUN_LOG_SIZE] = { "run", "log-size", CONF_SIZE, 64ull << 10, 1ull << 40, NULL, "64m",
				"A log of a new container is put aside when it has grown to this size." },
	[CONF_RUN_LOG_FILES] = { "run", "log-files", CONF_NUMBER, 1, 100, NULL, "3",
				 "Files of a container's log that are kept, the one being written included." },
	[CONF_PULL_PARALLEL] = { "pull", "parallel", CONF_NUMBER, 1, 64, NULL, "3",
				 "Layers that are downloaded at once." },
	[CONF_PULL_MAX_SIZE] = { "pull", "max-size", CONF_SIZE, 1ull << 20, 1ull << 50, NULL, "64g",
				 "Largest size of an image's unpacked layers." },
	[CONF_PULL_PLAIN_HTTP] = { "pull", "plain-http", CONF_WORDS, 0, 0, NULL, "",
				   "Registries that are spoken to without TLS, as HOST or HOST:PORT." },
	[CONF_PULL_NO_VERIFY] = { "pull", "no-verify", CONF_WORDS, 0, 0, NULL, "",
				  "Registries whose certificate is not checked, as HOST or HOST:PORT." },
	[CONF_PULL_MIRRORS] = { "pull", "mirrors", CONF_WORDS, 0, 0, NULL, "",
				"Registries that pulls ask first, as HOST=MIRROR or HOST=MIRROR/PREFIX. What a mirror does not give "
				"is had from HOST; the login of HOST is not sent to it." },
	[CONF_PULL_TOKEN_SERVERS] = { "pull", "token-servers", CONF_WORDS, 0, 0, NULL, "",
				      "Other hosts that the login of a registry may be sent to for a token, as HOST=OTHER or "
				      "HOST=OTHER:PORT. Without this a login goes to its own host only." },
	[CONF_PUSH_PIECE_SIZE] = { "push", "piece-size", CONF_SIZE, 1ull << 20, 1ull << 40, NULL, "512m",
				   "A layer that is larger than this goes to a registry in pieces of this size. Some servers in "
				   "front of registries take small requests only; one piece is quickest." },
	[CONF_UI_START] = { "ui", "start", CONF_CHOICE, 0, 0, "containers|images|logs|jobs|consoles|messages|trash|host|events", "containers",
			    "View that the terminal UI begins with. Esc goes from there to the containers." },
	[CONF_UI_MOUSE] = { "ui", "mouse", CONF_CHOICE, 0, 0, "click|off", "click",
			    "Whether clicks and the wheel are berth's, or the terminal's own. The key m changes it until berth ends." },
	[CONF_UI_CONFIRM] = { "ui", "confirm", CONF_CHOICE, 0, 0, "table|all", "table",
			      "What is asked before it is done: what berth list-keys says, or start, hold and retry too." },
	[CONF_UI_STATS] = { "ui", "stats", CONF_DURATION, 1000, 3600000, "off", "2s",
			    "How often the list of containers and a container's detail show what it uses. With off nothing is "
			    "measured." },
	[CONF_UI_READ_ONLY] = { "ui", "read-only", CONF_BOOL, 0, 0, NULL, "no",
				"Refuse every change from the terminal UI, as with --read-only." },
	[CONF_UI_CLIPBOARD] = { "ui", "clipboard", CONF_CHOICE, 0, 0, "auto|osc52|tmux|off", "auto",
				"Where copied text goes besides berth's own buffer: to tmux if berth runs in it and else to the "
				"terminal by OSC 52, always one of the two, or nowhere." },
	[CONF_CONSOLE_PREFIX] = { "console", "prefix", CONF_WORDS, 0, 0, NULL, "^] F12",
				  "Keys that open the menu of a console in the terminal UI. A Ctrl key as ^X, or F1 to F12; the first one "
				  "is what the guest gets when it is pressed twice." },
	[CONF_CONSOLE_PASTE_GUARD] = { "console", "paste-guard", CONF_BOOL, 0, 0, NULL, "yes",
				       "Ask before more than one line is pasted into a guest that would run each as it comes." },
	[CONF_CONSOLE_SCROLLBACK] = { "console", "scrollback", CONF_NUMBER, 0, 100000, NULL, "10000",
				      "Lines that a console keeps of what went out at its top, in 16 MiB at most. Counts for containers "
				      "that are started from now on." },
	[CONF_CONSOLE_GUEST_CLIPBOARD] = { "console", "guest-clipboard", CONF_CHOICE, 0, 0, "ask|yes|no", "ask",
					   "What happens when a guest wants to set the clipboard. The terminal UI asks once for each "
					   "console; attach, run and exec take ask for no. No guest ever reads it." },
	[CONF_CONSOLE_BELL] = { "console", "bell", CONF_CHOICE, 0, 0, "once|off", "once",
				"Whether the bell of the console that is open in the terminal UI rings, once a second at most." },
	[CONF_CONSOLE_DETACH_KEYS] = { "console", "detach-keys", CONF_TEXT, 0, 0, NULL, "ctrl-p,ctrl-q",
				       "Keys that detach from run -it, exec -it and attach, also as ^P ^Q; nothing turns them off." },
	[CONF_CONSOLE_DELAY_MS] = { "console", "delay-ms", CONF_NUMBER, 0, 10000, NULL, "200",
				    "How many milliseconds the first of the detach keys is kept back, in case the next one follows." },
	[CONF_LOGS_FOLLOW] = { "logs", "follow", CONF_BOOL, 0, 0, NULL, "yes",
			       "Whether a log that is opened in the terminal UI follows its end. The key f changes it." },
	[CONF_LOGS_TIME] = { "logs", "time", CONF_CHOICE, 0, 0, "clock|since|date|none", "clock",
			     "Time before each line: of day, since the start of the container, with the date, or none. The key t "
			     "changes it." },
	[CONF_LOGS_WRAP] = { "logs", "wrap", CONF_BOOL, 0, 0, NULL, "no",
			     "Whether long lines are wrapped, or cut and moved by Left and Right. The key w changes it." },
	[CONF_LOGS_TAIL] = { "logs", "tail", CONF_NUMBER, 1, 20000, NULL, "2000",
			     "Lines from the end of each log that the terminal UI reads when it opens. A filter or a search reads "
			     "all." },
};

const struct conf_section conf_sections[] = {
	{ "keys", "CONTEXT.KEY = ACTION",
	  "Gives a key of the terminal UI another meaning. Contexts, keys and actions are those of berth list-keys; "
	  "the action none takes the key away. A question that an action asks stays with it.",
	  "containers.F5 = restart" },
	{ "colour", "ROLE = FOREGROUND [on BACKGROUND] [bold|underline|reverse|dim]...",
	  "Gives a part of the terminal UI another look. Roles: title, head, hint, key, cursor, mark, ok, busy, warn, bad, dim, "
	  "find, input. Colours: default, the names black, red, green, yellow, blue, magenta, cyan, white, each also with bright- "
	  "before it, a number from 0 to 255, or #rrggbb. A terminal that has fewer shows the nearest one; one without colours shows "
	  "the rest.",
	  "bad = red bold" },
	{ 0 },
};

/* --- printed */

static int add_range(struct buf *b, const struct conf_option *o)
{
	char low[8], high[8];

	switch (o->type) {
	case CONF_BOOL:
		return buf_adds(b, "yes or no");
	case CONF_NUMBER:
		return buf_addf(b, "%llu to %llu", (unsigned long long)o->min, (unsigned long long)o->max);
	case CONF_DECIMAL:
		return buf_addf(b, "%g to %g", (double)o->min / 1000, (double)o->max / 1000);
	case CONF_SIZE:
		str_size(o->min, low);
		str_size(o->max, high);
		return buf_addf(b, "a size from %s to %s", low, high);
	case CONF_DURATION:
		return buf_addf(b, "a time as in %s, at most %llus%s%s", o->def, (unsigned long long)o->max / 1000,
				o->choices ? ", or " : "", o->choices ?: "");
	case CONF_CHOICE:
		for (const char *p = o->choices; *p; p++)
			if (*p == '|' ? buf_adds(b, strchr(p + 1, '|') ? ", " : " or ") : buf_addc(b, *p))
				return -ENOMEM;
		return 0;
	case CONF_TEXT:
		return buf_adds(b, "text");
	case CONF_WORDS:
		return buf_adds(b, "words with blanks between");
	}
	return 0;
}

/* text in lines of at most 78 columns behind "# ". */
static int add_comment(struct buf *b, const char *text)
{
	int at = 0, rc = 0;

	while (*text && rc == 0) {
		size_t n = strcspn(text, " ");

		if (at && at + 1 + (int)n > 78)
			at = 0, rc = buf_addc(b, '\n');
		rc = rc ?: buf_adds(b, at ? " " : "# ");
		at += (at ? 1 : 2) + (int)n;
		rc = rc ?: buf_add(b, text, n);
		text += n + (text[n] == ' ');
	}
	return rc ?: buf_addc(b, '\n');
}

int conf_print_defaults(struct buf *out)
{
	const char *section = "";
	int rc = buf_adds(out, "# Configuration of berth; berth-config(5) tells more. Lines that begin with ; are the defaults.\n");

	for (size_t i = 0; i < CONF_COUNT && rc == 0; i++) {
		const struct conf_option *o = &conf_options[i];
		AUTO_BUF struct buf text = { 0 };

		if (strcmp(section, o->section) != 0)
			rc = buf_addf(out, "\n[%s]\n", o->section);
		section = o->section;
		rc = rc ?: buf_addf(&text, "%s (", o->help);
		rc = rc ?: add_range(&text, o);
		rc = rc ?: buf_addc(&text, ')');
		rc = rc ?: add_comment(out, (char *)text.p);
		rc = rc ?: buf_addf(out, ";%s =%s%s\n", o->key, *o->def ? " " : "", o->def);
	}
	for (const struct conf_section *s = conf_sections; s->name && rc == 0; s++) {
		rc = buf_addf(out, "\n[%s]\n# %s\n", s->name, s->pattern);
		rc = rc ?: add_comment(out, s->help);
		rc = rc ?: buf_addf(out, ";%s\n", s->example);
	}
	return rc;
}

/* Sentences, a line each as mdoc wants it. */
static int add_sentences(struct buf *b, const char *text)
{
	int rc = 0;
	char before = 0;

	for (; *text && rc == 0; before = *text++) {
		if (*text == ' ' && before == '.')
			rc = buf_addc(b, '\n');
		else
			rc = *text == '-' ? buf_adds(b, "\\-") : buf_addc(b, *text);
	}
	return rc ?: buf_addc(b, '\n');
}

int conf_print_man(struct buf *out)
{
	const char *section = "";
	int rc = 0;

	for (size_t i = 0; i < CONF_COUNT && rc == 0; i++) {
		const struct conf_option *o = &conf_options[i];

		if (strcmp(section, o->section) != 0)
			rc = buf_addf(out, "%s.Ss [%s]\n.Bl -tag -width Ds\n", *section ? ".El\n" : "", o->section);
		section = o->section;
		rc = rc ?: buf_addf(out, ".It Cm %s No = Ar ", o->key);
		rc = rc ?: buf_addf(out, "%s\n", o->type == CONF_CHOICE ? "word" : o->type == CONF_WORDS ? "words" :
						 o->type == CONF_BOOL ? "yes|no" : o->type == CONF_SIZE ? "size" :
						 o->type == CONF_DURATION ? "time" : o->type == CONF_TEXT ? "text" : "number");
		rc = rc ?: add_sentences(out, o->help);
		rc = rc ?: buf_adds(out, "Takes ");
		rc = rc ?: add_range(out, o);
		rc = rc ?: (*o->def ? buf_addf(out, "; the default is\n.Ql %s .\n", o->def) : buf_adds(out, "; there is no default.\n"));
	}
	rc = rc ?: buf_adds(out, ".El\n");
	for (const struct conf_section *s = conf_sections; s->name && rc == 0; s++) {
		rc = buf_addf(out, ".Ss [%s]\n.Bd -literal -compact\n%s\n.Ed\n", s->name, s->pattern);
		rc = rc ?: add_sentences(out, s->help);
		rc = rc ?: buf_addf(out, "Example:\n.Dl %s\n", s->example);
	}
	return rc;
}

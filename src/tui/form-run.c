/* SPDX-License-Identifier: Apache-2.0 */
/* form-run.c - the form of a new container, and the command that does the same. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/str.h"
#include "tui/fmt.h"
#include "tui/form.h"
#include "tui/task.h"

#define VM_MEMORY (512ull << 20) /* of a container without a limit */

enum { IMAGE, NAME, COMMAND, CONSOLE, CPUS, MEMORY, DISK, NETWORK, PORTS, VOLUMES, ENV, REMOVE, MORE, USER, WORKDIR,
       HOSTNAME, LABELS, READONLY };

static const struct field fields[] = {
	[IMAGE] = { "Image", NULL, "name of an image: debian, localhost/busybox, registry:5000/a/b:1   ^N those here",
		    .row = 0, .x = 3, .at = 16, .width = 49 },
	[NAME] = { "Name", NULL, "letters, digits, . _ -   empty: one is made up", .row = 1, .x = 3, .at = 16, .width = 22 },
	[COMMAND] = { "Command", NULL, "the program and its arguments; empty: what the image runs", .row = 2, .x = 3, .at = 16,
		      .width = 49 },
	[CONSOLE] = { "Console", NULL, "Space: open its console, or run it in the background; a opens it later", FIELD_RADIO,
		      .row = 3, .x = 3, .at = 16, .choices = "open it now|run in the background" },
	[CPUS] = { "CPUs", NULL, "as in 1 or 2.5", .row = 4, .x = 3, .at = 16, .width = 4 },
	[MEMORY] = { "Memory", NULL, "its limit, as in 256M; empty: what a virtual machine of 512M has", .row = 4, .x = 23,
		     .at = 30, .width = 6 },
	[DISK] = { "Disk", NULL, "size of its writable disk, which takes room only as it is used", .row = 4, .x = 41, .at = 46,
		   .width = 6 },
	[NETWORK] = { "Network", NULL, "host-user: out through the host; none   ^N lists them", .row = 5, .x = 3, .at = 16,
		      .width = 9, .choices = "host-user\nnone\n" },
	[PORTS] = { "Ports", "as in 8080:80", "of the host and of the container, as in 8080:80, several with blanks between",
		    .row = 5, .x = 29, .at = 35, .width = 20 },
	[VOLUMES] = { "Volumes", "/host:/path", "as in /host/folder:/folder or .../folder:ro, several with blanks between",
		      .row = 6, .x = 3, .at = 16, .width = 49 },
	[ENV] = { "Environment", "KEY=value", "KEY=value, several with blanks between; KEY alone takes this program's", .row = 7,
		  .x = 3, .at = 16, .width = 49 },
	[REMOVE] = { "Remove", "when it ends", "Space: remove the container, its disk and its log when it ends", FIELD_CHECK,
		     .row = 8, .x = 3, .at = 16 },
	[MORE] = { "More ...", "user, workdir, hostname, labels, read-only root", "Enter: more fields", FIELD_MORE, .row = 9,
		   .x = 3, .at = 16 },
	[USER] = { "User", NULL, "user or user:group, by name or number of the container", .row = 9, .x = 3, .at = 16,
		   .width = 18, .more = true },
	[WORKDIR] = { "Workdir", NULL, "an absolute path in the container", .row = 9, .x = 38, .at = 46, .width = 19,
		      .more = true },
	[HOSTNAME] = { "Hostname", NULL, "empty: the first 12 digits of the id", .row = 10, .x = 3, .at = 16, .width = 18,
		       .more = true },
	[LABELS] = { "Labels", "KEY=value", "KEY=value, several with blanks between", .row = 10, .x = 38, .at = 46, .width = 19,
		     .more = true },
	[READONLY] = { "Root", "read-only", "Space: nothing can be written but to volumes and tmpfs", FIELD_CHECK, .row = 11,
		       .x = 3, .at = 16, .more = true },
};

/* What a call's callback holds on to; the form may be gone by then. */
struct link {
	struct formview *form;
};

struct run {
	char suggested[80]; /* the name that was made up; "": the user has another */
	char asked[300];    /* the image whose command was asked for */
	char command[200];
	struct link *link;
};

/* --- what the fields mean */

struct parsed {
	struct berth_create c; /* of what is in here: it may outlive the form */
	char text[5][LINE_MAX_BYTES], line[6][LINE_MAX_BYTES];
	int nlines;
	const char *args[FORM_WORDS + 1], *env[FORM_WORDS + 1], *ports[FORM_WORDS + 1], *volumes[FORM_WORDS + 1],
		*labels[FORM_WORDS + 1];
	struct berth_port port[FORM_WORDS];
	struct berth_mount mount[FORM_WORDS];
};

static const char *text_of(const struct formview *f, int field)
{
	return f->line[field].len ? f->line[field].text : NULL;
}

static const char *keep(struct parsed *p, const char *text)
{
	char *to = p->line[p->nlines++];

	snprintf(to, LINE_MAX_BYTES, "%s", text ?: "");
	return text ? to : NULL;
}

static int words_of(struct formview *f, int field, char text[static LINE_MAX_BYTES], const char **words)
{
	int n;

	snprintf(text, LINE_MAX_BYTES, "%s", f->line[field].text);
	n = form_split(text, words);
	if (n < 0)
		form_refuse(f, field, "a quote is open, or there are too many words");
	return n;
}

static bool parse_port(const char *word, struct berth_port *p)
{
	unsigned host, ctr;
	char end;

	if (sscanf(word, "%u:%u%c", &host, &ctr, &end) != 2 || !host || host > 65535 || !ctr || ctr > 65535)
		return false;
	*p = (struct berth_port){ .host_port = (uint16_t)host, .container_port = (uint16_t)ctr, .proto = "tcp" };
	return true;
}

static bool parse_volume(char *word, struct berth_mount *m)
{
	char *target = strchr(word, ':'), *mode;

	if (!target || *word != '/')
		return false;
	*target++ = 0;
	mode = strchr(target, ':');
	if (mode)
		*mode++ = 0;
	*m = (struct berth_mount){ .source = word, .target = target, .type = "bind",
				   .readonly = mode && strcmp(mode, "ro") == 0 };
	return *target == '/' && (!mode || strcmp(mode, "ro") == 0 || strcmp(mode, "rw") == 0);
}

static void parse_lists(struct formview *f, struct parsed *p)
{
	struct berth_create *c = &p->c;
	int n;

	n = words_of(f, COMMAND, p->text[0], p->args);
	c->args = n > 0 ? p->args : NULL;
	if (words_of(f, ENV, p->text[1], p->env) > 0)
		c->env = p->env;
	n = words_of(f, PORTS, p->text[2], p->ports);
	for (int i = 0; i < n; i++, c->nports++)
		if (!parse_port(p->ports[i], &p->port[i]))
			form_refuse(f, PORTS, "'%.30s': as in 8080:80", p->ports[i]);
	c->ports = p->port;
	n = words_of(f, VOLUMES, p->text[3], p->volumes);
	for (int i = 0; i < n; i++, c->nmounts++)
		if (!parse_volume((char *)p->volumes[i], &p->mount[i]))
			form_refuse(f, VOLUMES, "/host:/path");
	c->mounts = p->mount;
	n = words_of(f, LABELS, p->text[4], p->labels);
	for (int i = 0; i < n; i++)
		if (!strchr(p->labels[i], '=') || *p->labels[i] == '=')
			form_refuse(f, LABELS, "KEY=value");
	c->labels = n > 0 ? p->labels : NULL;
}

static void parse_numbers(struct formview *f, struct berth_create *c)
{
	struct err e = { 0 };
	char *end;

	if (text_of(f, CPUS)) {
		c->cpus = strtod(f->line[CPUS].text, &end);
		if (*end || !(c->cpus > 0) || c->cpus > 1024)
			form_refuse(f, CPUS, "CPUs: as in 1 or 2.5");
	}
	if (text_of(f, MEMORY) && str_parse_size(f->line[MEMORY].text, &c->memory, &e) < 0)
		form_refuse(f, MEMORY, "Memory: as in 256M");
	if (text_of(f, DISK) && str_parse_size(f->line[DISK].text, &c->root_size, &e) < 0)
		form_refuse(f, DISK, "Disk: as in 1G");
}

static bool is_name(const char *s)
{
	if (!isalnum((unsigned char)*s))
		return false;
	for (; *s; s++)
		if (!isalnum((unsigned char)*s) && !strchr("._-", *s))
			return false;
	return true;
}

static bool is_taken(const struct app *app, const char *name)
{
	for (size_t i = 0; i < app->model.nctrs; i++)
		if (strcmp(app->model.ctrs[i].name, name) == 0)
			return true;
	return false;
}

static void parse(struct formview *f, struct parsed *p)
{
	struct berth_create *c = &p->c;
	const char *network = text_of(f, NETWORK), *dir = text_of(f, WORKDIR);

	c->image = keep(p, f->line[IMAGE].text);
	c->name = keep(p, text_of(f, NAME));
	if (!*c->image)
		form_refuse(f, IMAGE, "is needed");
	if (c->name && !is_name(c->name))
		form_refuse(f, NAME, "only letters, digits, . _ -");
	else if (c->name && is_taken(f->v.app, c->name))
		form_refuse(f, NAME, "another container has it");
	if (network && strcmp(network, "host-user") != 0 && strcmp(network, "none") != 0)
		form_refuse(f, NETWORK, "host-user or none");
	if (dir && *dir != '/')
		form_refuse(f, WORKDIR, "from / on");
	c->network = keep(p, network);
	c->workdir = keep(p, dir);
	c->user = keep(p, text_of(f, USER));
	c->hostname = keep(p, text_of(f, HOSTNAME));
	c->readonly = f->on[READONLY];
	c->remove = f->on[REMOVE];
	c->tty = c->open_stdin = true;
	parse_lists(f, p);
	parse_numbers(f, c);
}

static void check(struct formview *f)
{
	struct parsed *p = calloc(1, sizeof(*p));

	if (p)
		parse(f, p);
	free(p);
}

/* --- the command line */

static void add_each(struct buf *b, const char *option, const char *const *words)
{
	for (; words && *words; words++) {
		buf_addf(b, " %s", option);
		form_quote(b, *words);
	}
}

static void add_text(const struct formview *f, struct buf *b, const char *option, int field)
{
	if (!f->line[field].len)
		return;
	buf_addf(b, " %s", option);
	form_quote(b, f->line[field].text);
}

static void command(struct formview *f, int button, struct buf *b)
{
	struct parsed *p = calloc(1, sizeof(*p));
	bool background = button == 0 && !f->on[CONSOLE];
	char text[3][LINE_MAX_BYTES];
	const char *words[FORM_WORDS + 1];

	if (!p)
		return;
	parse(f, p);
	buf_addf(b, "berth %s %s%s", button == 1 ? "create" : "run", background ? "-dit" : "-it",
		 f->on[REMOVE] ? " --rm" : "");
	add_text(f, b, "--name", NAME);
	add_text(f, b, "--cpus", CPUS);
	add_text(f, b, "-m", MEMORY);
	add_text(f, b, "--root-size", DISK);
	add_text(f, b, "--network", NETWORK);
	/* As typed: parsing cuts them to pieces. */
	for (int i = 0; i < 3; i++) {
		static const int of[] = { PORTS, VOLUMES, ENV };
		static const char *const options[] = { "-p", "-v", "-e" };

		snprintf(text[i], sizeof(text[i]), "%s", f->line[of[i]].text);
		if (form_split(text[i], words) > 0)
			add_each(b, options[i], words);
	}
	add_text(f, b, "-u", USER);
	add_text(f, b, "-w", WORKDIR);
	add_text(f, b, "--hostname", HOSTNAME);
	add_each(b, "-l", p->c.labels);
	buf_addf(b, "%s", f->on[READONLY] ? " --read-only" : "");
	form_quote(b, *p->c.image ? p->c.image : "IMAGE");
	for (const char *const *w = p->c.args; w && *w; w++)
		form_quote(b, *w);
	free(p);
}

/* --- what is known of the image */

static const struct img *find_image(const struct app *app, const char *name)
{
	AUTO_BUF struct buf latest = { 0 };

	buf_addf(&latest, "%s:latest", name);
	for (size_t i = 0; i < app->model.nimgs; i++) {
		const struct img *m = &app->model.imgs[i];

		if (strcmp(m->name, name) == 0 || strcmp(m->ref, name) == 0 || strcmp(m->id, name) == 0 ||
		    (latest.p && (strcmp(m->name, (char *)latest.p) == 0 || strcmp(m->ref, (char *)latest.p) == 0)))
			return m;
	}
	return NULL;
}

/* The images that come with berth are here before they were ever used. */
static bool is_built_in(const struct formview *f)
{
	return strncmp(f->line[IMAGE].text, "localhost/", 10) == 0;
}

static bool is_here(const struct formview *f)
{
	return is_built_in(f) || find_image(f->v.app, f->line[IMAGE].text);
}

static void on_config(void *arg, int rc, const struct berth_error *e, const char *json)
{
	struct link *l = arg;
	struct formview *f = l->form;
	struct run *r = f ? f->own : NULL;
	AUTO_JSON cJSON *j = NULL;
	AUTO_BUF struct buf b = { 0 };
	const cJSON *config, *word;

	(void)e;
	free(l);
	if (!r)
		return;
	r->link = NULL;
	if (rc < 0 || json_parse(json, strlen(json), "image inspect", &j, NULL) < 0)
		return;
	config = json_obj(j, "Config");
	for (int i = 0; config && i < 2; i++)
		cJSON_ArrayForEach(word, json_arr(config, i ? "Cmd" : "Entrypoint"))
			if (cJSON_IsString(word))
				form_quote(&b, word->valuestring);
	snprintf(r->command, sizeof(r->command), "%s", b.len ? (const char *)b.p + 1 : "");
	app_dirty(f->v.app);
}

static void ask(struct formview *f)
{
	struct run *r = f->own;
	const struct img *i = find_image(f->v.app, f->line[IMAGE].text);
	struct berth_error e = { 0 };

	if (r->link || (i && strcmp(r->asked, i->id) == 0))
		return;
	*r->command = 0;
	snprintf(r->asked, sizeof(r->asked), "%s", i ? i->id : "");
	r->link = i ? calloc(1, sizeof(*r->link)) : NULL;
	if (!r->link)
		return;
	r->link->form = f;
	if (berth_image_inspect(f->v.app->berth, i->id, on_config, r->link, &e) < 0) {
		free(r->link);
		r->link = NULL;
	}
}

/* "docker.io/library/alpine:3" to "alpine-1", the first that is free, as long as the user did not type another. */
static void suggest(struct formview *f)
{
	struct run *r = f->own;
	const char *image = f->line[IMAGE].text, *from = strrchr(image, '/');
	char base[48];
	size_t n;

	if (strcmp(f->line[NAME].text, r->suggested) != 0)
		return;
	from = from ? from + 1 : image;
	n = strcspn(from, ":@");
	snprintf(base, sizeof(base), "%.*s", (int)MIN(n, sizeof(base) - 1), from);
	*r->suggested = 0;
	for (unsigned i = 1; is_name(base) && i < 1000; i++) {
		snprintf(r->suggested, sizeof(r->suggested), "%s-%u", base, i);
		if (!is_taken(f->v.app, r->suggested))
			break;
	}
	line_set(&f->line[NAME], r->suggested);
}

static void changed(struct formview *f, int field)
{
	if (field != IMAGE)
		return;
	suggest(f);
	ask(f);
}

static bool hint(struct formview *f, int field, char *ret, size_t max)
{
	const char *image = f->line[IMAGE].text;

	if (field == NAME && f->line[NAME].len)
		snprintf(ret, max, "free");
	else if (field == IMAGE && *image)
		snprintf(ret, max, "%s", find_image(f->v.app, image) ? "here" :
			 is_built_in(f) ? "built in" : "to pull");
	else if (field == COMMAND && !f->line[COMMAND].len)
		snprintf(ret, max, "from image");
	else
		return false;
	return true;
}

static void empty(struct formview *f, int field, char *ret, size_t max)
{
	static const char *const usual[] = { [CPUS] = "1", [MEMORY] = "512M", [DISK] = "8G", [NETWORK] = "host-user" };

	if (field == COMMAND)
		snprintf(ret, max, "%s", ((struct run *)f->own)->command);
	else if (field < (int)ARRAY_LEN(usual) && usual[field])
		snprintf(ret, max, "%s", usual[field]);
}

static void note(struct formview *f, struct buf *b)
{
	uint64_t used = 0, total = 0, memory = 0;
	char text[FMT_MAX];

	f->v.app->host_memory(&used, &total);
	if (!text_of(f, MEMORY) || str_parse_size(f->line[MEMORY].text, &memory, NULL) < 0)
		memory = VM_MEMORY;
	fmt_size(memory, text);
	buf_addf(b, "Will %sstart 1 VM with %s.", is_here(f) ? "" : "pull the image, ", text);
	fmt_size_fine(total - MIN(used, total), text);
	if (total)
		buf_addf(b, "   Host has %s free.", text);
}

static void choices(struct formview *f, int field, struct buf *b)
{
	const struct model *m = &f->v.app->model;

	if (fields[field].choices)
		buf_adds(b, fields[field].choices);
	for (size_t i = 0; field == IMAGE && i < m->nimgs; i++)
		if (*m->imgs[i].ref)
			buf_addf(b, "%s\n", m->imgs[i].name);
	if (field == IMAGE)
		buf_adds(b, "localhost/busybox\n");
}

static void open_run(struct formview *f, const struct form_arg *a)
{
	f->own = calloc(1, sizeof(struct run));
	line_set(&f->line[IMAGE], a->image ? a->image : "");
	line_set(&f->line[COMMAND], a->command ? a->command : "");
	line_set(&f->line[PORTS], a->ports ? a->ports : "");
	f->on[CONSOLE] = !(a->ports && *a->ports);
	if (f->own)
		changed(f, IMAGE);
}

static void close_run(struct formview *f)
{
	struct run *r = f->own;

	if (r && r->link)
		r->link->form = NULL;
}

static void press(struct formview *f, int button)
{
	struct app *app = f->v.app;
	struct parsed *p = calloc(1, sizeof(*p));
	AUTO_BUF struct buf line = { 0 };
	bool start = button == 0, console = start && f->on[CONSOLE];
	struct task *t = NULL;

	if (p) {
		parse(f, p);
		command(f, button, &line);
		if (line.p)
			app_cli(app, "%s", (const char *)line.p);
		t = task_run(app, &p->c, console, start && !console, p);
	}
	if (!t)
		return;
	form_done(f);
	app_push(app, &view_pull, t);
}

const struct form_class form_run = {
	.title = "Run a container", .verb = "run", .fields = fields, .nfields = ARRAY_LEN(fields),
	.buttons = { "Run", "Create, do not start", "Cancel" }, .words = { "run", "create", "cancel" },
	.about = "Name: letters, digits, . _ -   A wrong field says why on its own line.", .open = open_run,
	.close = close_run, .check = check, .press = press, .command = command, .hint = hint, .empty = empty, .note = note,
	.choices = choices, .changed = changed,
};
_Static_assert(ARRAY_LEN(fields) <= FORM_FIELDS, "");

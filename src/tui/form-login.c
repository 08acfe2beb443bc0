/* SPDX-License-Identifier: Apache-2.0 */
/* form-login.c - logins of registries: the one that a pull waits for, over that pull; and any other. What is typed goes
 * to the engine and nowhere else. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/form.h"
#include "tui/task.h"

#define ABOUT "Pasting works.  Nothing typed here goes to history, messages or logs."
#define FOOT "Kept|in ~/.docker/config.json or the helper named in it, as docker"

enum { HOST, USER, PASSWORD };

static const struct field registry_fields[] = {
	[HOST] = { "Registry", NULL, "as in registry.acme.io or localhost:5000; docker.io is Docker Hub", .row = 0, .x = 3,
		   .at = 16, .width = 49 },
	[USER] = { "User", NULL, "with a token as password some registries take any name", .row = 1, .x = 3, .at = 16,
		   .width = 25 },
	[PASSWORD] = { "Password", "not shown, not even its length", "a password or an access token", FIELD_SECRET, .row = 2,
		       .x = 3, .at = 16, .width = 25 },
};
static const struct field login_fields[] = {
	{ "User", NULL, "with a token as password some registries take any name", .row = 0, .x = 3, .at = 16, .width = 25 },
	{ "Password", "not shown, not even its length", "a password or an access token", FIELD_SECRET, .row = 1, .x = 3,
	  .at = 16, .width = 25 },
};

/* What a call's callback holds on to; the form may be gone by then. */
struct link {
	struct formview *form;
	struct app *app;
	char host[300];
};

struct login {
	char host[300];
	struct task *task; /* NULL: none waits */
	struct link *link; /* of the call under way */
};

/* Where the fields of both forms are. */
static int user_field(const struct formview *f)
{
	return f->cls == &form_login ? 0 : USER;
}

static const char *host_of(const struct formview *f)
{
	const struct login *l = f->own;

	return f->cls == &form_login ? l->host : f->line[HOST].text;
}

static void forget(struct line *l)
{
	explicit_bzero(l, sizeof(*l));
}

static void open_login(struct formview *f, const struct form_arg *a)
{
	struct login *l = f->own = calloc(1, sizeof(*l));

	if (!l)
		return;
	l->task = a->task;
	if (a->task && a->task->run)
		f->word = "log in, then the run goes on by itself";
	snprintf(l->host, sizeof(l->host), "%s", a->host ? a->host : "");
	if (f->cls == &form_registry)
		line_set(&f->line[HOST], "docker.io");
}

static void close_login(struct formview *f)
{
	struct login *l = f->own;

	if (l && l->link)
		l->link->form = NULL;
	forget(&f->line[user_field(f) + 1]);
}

static void check(struct formview *f)
{
	int user = user_field(f);

	if (f->cls == &form_registry && !f->line[HOST].len)
		form_refuse(f, HOST, "is needed");
	if (f->pressing == 1)
		return; /* to log out takes no more */
	if (!f->line[user].len)
		form_refuse(f, user, "is needed");
	if (!f->line[user + 1].len)
		form_refuse(f, user + 1, "is needed");
}

static void over(struct link *l, struct formview *f)
{
	struct task *t = f ? ((struct login *)f->own)->task : NULL;

	if (!f)
		return;
	app_drop(l->app, &f->v);
	if (t)
		task_retry(t);
}

static void on_login(void *arg, int rc, const struct berth_error *e, const struct berth_login_result *r)
{
	struct link *l = arg;
	struct formview *f = l->form;

	if (f) {
		((struct login *)f->own)->link = NULL;
		*f->busy = 0;
	}
	if (rc < 0 && rc != -ECANCELED) {
		app_error(l->app, "%s%s%s", e->text, *e->hint ? "   " : "", e->hint);
		if (f) {
			forget(&f->line[user_field(f) + 1]);
			f->cur = user_field(f) + 1;
			f->pressed = false;
		}
	} else if (rc == 0) {
		app_info(l->app, r->asked ? "logged in to %s as %s%s%s" : "%s asks for no login", r->host, r->user,
			 r->kept ? ", kept in " : "", r->kept ? r->kept : "");
		over(l, f);
	}
	app_dirty(l->app);
	free(l);
}

static void on_logout(void *arg, int rc, const struct berth_error *e, bool found, const char *left)
{
	struct link *l = arg;
	struct formview *f = l->form;

	if (f) {
		((struct login *)f->own)->link = NULL;
		*f->busy = 0;
	}
	if (rc < 0 && rc != -ECANCELED)
		app_error(l->app, "%s", e->text);
	else if (rc == 0)
		app_info(l->app, found ? "logged out of %s%s%s" : "there was no login of %s%s%s", l->host,
			 left ? "; one is left in " : "", left ? left : "");
	if (rc == 0)
		over(l, f);
	app_dirty(l->app);
	free(l);
}

static void press(struct formview *f, int button)
{
	struct app *app = f->v.app;
	struct login *own = f->own;
	struct link *l = calloc(1, sizeof(*l));
	int user = user_field(f), rc;
	struct berth_login want = { .host = host_of(f), .user = f->line[user].text, .password = f->line[user + 1].text };
	struct berth_error e = { 0 };

	if (!l || !own) {
		free(l);
		return;
	}
	l->form = f;
	l->app = app;
	snprintf(l->host, sizeof(l->host), "%.299s", host_of(f));
	if (button == 0) {
		app_cli(app, "berth login -u %s %s", want.user, want.host);
		rc = berth_login(app->berth, &want, on_login, l, NULL, &e);
	} else {
		app_cli(app, "berth logout %s", want.host);
		rc = berth_logout(app->berth, want.host, on_logout, l, &e);
	}
	if (rc < 0) {
		app_error(app, "%s", e.text);
		free(l);
		return;
	}
	own->link = l;
	snprintf(f->busy, sizeof(f->busy), "asking %.90s ...", want.host);
}

static void head(const struct formview *f, struct buf *b)
{
	buf_addf(b, "Log in to %s", host_of(f));
}

static void note(struct formview *f, struct buf *b)
{
	const struct task *t = ((struct login *)f->own)->task;

	if (t)
		buf_adds(b, t->error);
}

const struct form_class form_login = {
	.title = "Log in", .verb = "login", .fields = login_fields, .nfields = ARRAY_LEN(login_fields), .private = true,
	.over = true,
	.head = head, .foot = FOOT, .buttons = { "Log in", "Cancel" },
	.words = { "log in, then the pull goes on by itself", "cancel" }, .about = ABOUT, .open = open_login,
	.close = close_login, .check = check, .press = press, .note = note,
};

const struct form_class form_registry = {
	.title = "Log in to a registry, or out", .verb = "login", .fields = registry_fields,
	.nfields = ARRAY_LEN(registry_fields), .private = true, .buttons = { "Log in", "Log out", "Cancel" },
	.words = { "log in", "log out", "cancel" }, .about = ABOUT, .open = open_login, .close = close_login, .check = check,
	.press = press,
};

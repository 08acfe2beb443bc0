/* SPDX-License-Identifier: Apache-2.0 */
/* view-text.c - what the engine tells as a text: raw descriptions, the boot. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/str.h"
#include "tui/text.h"
#include "tui/views.h"

struct reading {
	struct textview t;
	char name[80];
};

static void on_json(void *arg, int rc, const struct berth_error *e, const char *json)
{
	struct text_link *l = arg;
	struct textview *t = l->t;
	AUTO_JSON cJSON *j = NULL;
	AUTO_FREE char *text = NULL;

	if (t && rc < 0)
		text_add(t, ROLE_BAD, "%s", e->text);
	else if (t && json_parse(json, strlen(json), "the answer", &j, NULL) == 0 && (text = json_print_indented(j))) {
		for (char *p = text; *p; p++)
			if (*p == '\t')
				*p = ' ';
		text_add_text(t, text, strlen(text));
	}
	if (t)
		app_dirty(t->v.app);
	text_link_put(l);
}

static void on_boot(void *arg, int rc, const struct berth_error *e, const char *json)
{
	struct text_link *l = arg;
	struct textview *t = l->t;
	AUTO_JSON cJSON *j = NULL;
	const cJSON *s;
	double total;

	if (t && rc < 0)
		text_add(t, ROLE_BAD, "%s", e->text);
	if (t && rc == 0 && json_parse(json, strlen(json), "the answer", &j, NULL) == 0) {
		total = cJSON_GetNumberValue(cJSON_GetObjectItem(j, "total_ms"));
		text_add(t, ROLE_TEXT, "Boot of %s   %.0f ms to the first output   %s", ((struct reading *)t)->name, total,
		    json_str(j, "accel") ?: "");
		text_add(t, ROLE_TEXT, "%s", "");
		text_add(t, ROLE_HEAD, "%-12s %8s %8s", "PHASE", "START", "TOOK");
		cJSON_ArrayForEach(s, json_arr(j, "stages")) {
			double at = cJSON_GetNumberValue(cJSON_GetObjectItem(s, "start_ms"));
			double ms = cJSON_GetNumberValue(cJSON_GetObjectItem(s, "ms"));
			int from = total > 0 ? (int)(at * 44 / total) : 0, n = total > 0 ? (int)(ms * 44 / total + 0.5) : 0;

			text_add(t, ROLE_TEXT, "%-12s %8.1f %8.1f  %*s%.*s", json_str(s, "name") ?: "", at, ms, from, "",
			    n > 0 ? n : 1, "############################################");
		}
	}
	if (t)
		app_dirty(t->v.app);
	text_link_put(l);
}

static int view_open(struct view *v, const void *arg)
{
	static const char *const words[] = {
		[TEXT_RAW] = "Raw", [TEXT_IMAGE] = "Raw", [TEXT_BOOT] = "Boot",
	};
	const struct text_arg *a = arg;
	struct textview *t = (struct textview *)v;
	struct berth *b = v->app->berth;
	struct berth_error e = { 0 };
	int rc = text_link_new(t);

	if (rc < 0)
		return rc;
	text_init(t);
	snprintf(((struct reading *)v)->name, sizeof(((struct reading *)v)->name), "%s", a->name);
	snprintf(t->title, sizeof(t->title), "%s > %s", words[a->kind], a->name);
	switch (a->kind) {
	case TEXT_RAW:
		rc = berth_container_inspect(b, a->id, on_json, text_link_get(t), &e);
		break;
	case TEXT_IMAGE:
		rc = berth_image_inspect(b, a->id, on_json, text_link_get(t), &e);
		break;
	case TEXT_BOOT:
		rc = berth_container_boot(b, a->id, on_boot, text_link_get(t), &e);
		break;
	}
	if (rc < 0) {
		text_link_put(t->link);
		text_add(t, ROLE_BAD, "%s", e.text);
	}
	return 0;
}

const struct view_class view_text = {
	.name = "text", .ctx = CTX_T, .text = text_all, .size = sizeof(struct reading), .open = view_open, .close = text_close,
	.title = text_title, .draw = text_draw, .hints = text_hints, .act = text_act, .find = text_find,
};

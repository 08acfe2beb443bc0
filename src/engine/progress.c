/* SPDX-License-Identifier: Apache-2.0 */
/* progress.c - what a job tells, as the public API shows it. */
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "engine/engine.h"

#define LAYERS_MAX 1024

void eng_progress_finish(struct eng_progress *p)
{
	eng_arena_finish(&p->arena);
	free(p->layers);
	free(p->stage);
	free(p->note);
	*p = (struct eng_progress){ 0 };
}

static enum berth_layer_state layer_state(const char *word)
{
	static const char *const words[] = { "waiting", "shared", "download", "check", "unpack", "done", "upload" };

	for (size_t i = 0; word && i < ARRAY_LEN(words); i++)
		if (strcmp(word, words[i]) == 0)
			return (enum berth_layer_state)i;
	return BERTH_LAYER_WAITING;
}

static void take_progress(struct eng_progress *p, const cJSON *ev)
{
	const cJSON *list = json_arr(ev, "layers"), *row;
	int n = cJSON_GetArraySize(list);
	size_t k = 0;

	p->view.done = (uint64_t)json_int(ev, "bytes", 0);
	p->view.total = (uint64_t)json_int(ev, "total", 0);
	p->view.rate = (uint64_t)json_int(ev, "rate", 0);
	p->view.percent = json_str(ev, "unit") != NULL;
	p->view.layers = NULL;
	p->view.nlayers = 0;
	free(p->layers);
	p->layers = n > 0 && n <= LAYERS_MAX ? calloc((size_t)n, sizeof(*p->layers)) : NULL;
	eng_arena_finish(&p->arena);
	cJSON_ArrayForEach(row, list) {
		if (!p->layers || k >= LAYERS_MAX)
			break;
		p->layers[k++] = (struct berth_layer){
			.digest = eng_arena_str(&p->arena, json_str(row, "digest") ?: ""),
			.size = (uint64_t)json_int(row, "size", 0),
			.done = (uint64_t)json_int(row, "bytes", 0),
			.state = layer_state(json_str(row, "state")),
			.took_ms = json_int(row, "ms", 0),
		};
	}
	p->view.layers = p->layers;
	p->view.nlayers = k;
}

static void keep(char **at, const char **view, const char *text)
{
	char *copy = text ? strdup(text) : NULL;

	free(*at);
	*at = copy;
	*view = copy;
}

bool eng_progress_take(struct eng_progress *p, const char *name, const cJSON *ev)
{
	if (strcmp(name, "progress") == 0) {
		take_progress(p, ev);
		return true;
	}
	if (strcmp(name, "stage") == 0) {
		keep(&p->stage, &p->view.stage, json_str(ev, "text"));
		return true;
	}
	if (strcmp(name, "warning") == 0) {
		keep(&p->note, &p->view.note, json_str(ev, "text"));
		return true;
	}
	return false;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* pull.c - pulls an image and shows how far it is; Ctrl-C cancels, and a later pull goes on from there.
 * usage: pull IMAGE [plain-http] */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <berth/berth.h>

struct pull {
	struct berth_op *op;
	int status;
	char stage[32];
};

static void on_progress(void *arg, const struct berth_progress *p)
{
	struct pull *pull = arg;

	/* Each call has the whole state, so it is ours to choose what to show: here, each stage once. */
	if (strcmp(pull->stage, p->stage) == 0)
		return;
	snprintf(pull->stage, sizeof(pull->stage), "%s", p->stage);
	fprintf(stderr, "%s %s: %zu layers, %llu of %llu bytes\n", p->stage, p->object, p->nlayers,
		(unsigned long long)p->done, (unsigned long long)p->total);
}

static void on_pulled(void *arg, int rc, const struct berth_error *e, const char *digest, const char *id)
{
	struct pull *pull = arg;

	pull->op = NULL; /* it has ended: nothing is left to cancel */
	(void)id;
	if (rc == 0) {
		printf("%s\n", digest);
		return;
	}
	fprintf(stderr, "%s\n", e->text);
	if (*e->hint)
		fprintf(stderr, "%s\n", e->hint);
	pull->status = 1;
}

static void on_interrupt(uv_signal_t *handle, int sig)
{
	struct pull *pull = handle->data;

	(void)sig;
	if (pull->op)
		berth_op_cancel(pull->op); /* on_pulled still comes, with -ECANCELED */
}

int main(int argc, char **argv)
{
	struct berth_options options = { .root = getenv("BERTH_ROOT"), .run_root = getenv("BERTH_RUN_ROOT") };
	struct berth_pull want = { .ref = argc > 1 ? argv[1] : "busybox", .plain_http = argc > 2 };
	struct pull pull = { .status = 0 };
	struct berth_error e;
	struct berth *berth;
	uv_signal_t interrupt;
	uv_loop_t loop = { .data = NULL }; /* the engine keeps something there */

	uv_loop_init(&loop);
	if (berth_open(&berth, &loop, &options, &e) < 0) {
		fprintf(stderr, "%s\n", e.text);
		return 1;
	}
	uv_signal_init(&loop, &interrupt);
	interrupt.data = &pull;
	uv_signal_start(&interrupt, on_interrupt, SIGINT);
	uv_unref((uv_handle_t *)&interrupt);
	if (berth_pull(berth, &want, on_progress, on_pulled, &pull, &pull.op, &e) < 0) {
		fprintf(stderr, "%s\n", e.text);
		pull.status = 1;
	}
	uv_run(&loop, UV_RUN_DEFAULT);
	uv_close((uv_handle_t *)&interrupt, NULL);
	berth_close(berth, NULL, NULL);
	uv_run(&loop, UV_RUN_DEFAULT);
	if (uv_loop_close(&loop) < 0) { /* berth_close left nothing on it */
		fprintf(stderr, "the loop is still in use\n");
		return 1;
	}
	return pull.status;
}
